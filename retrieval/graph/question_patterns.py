"""The wordings of questions to the graph, English and Chinese, by the template that answers them; first come first served."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_BE = r"(?:is|are|was|were)"
_PEOPLE = r"(?:people|persons?|companies|organi[sz]ations?|firms|places?|products?|terms?|dates?|things?|entit(?:y|ies)|names?)"
_CHINESE_KINDS = r"(?:人物|人员|人|组织|公司|机构|地点|产品|日期|术语|实体|事物|东西)"
_VERBS = (
    "wrote|designed|built|owns|owned|chairs|chaired|leads|led|runs|ran|manages|managed|directs|directed|supplies|supplied|"
    "audits|audited|prepared|found|gave|donated|edits|edited|teaches|taught|lets|sold|bought|ordered|recorded|reviewed|"
    "approved|published|translated|married|commissioned"
)
# The form of a verb that relations are looked up by.
_PLAIN_VERB: Mapping[str, str] = {
    "wrote": "write",
    "led": "lead",
    "leads": "lead",
    "ran": "run",
    "gave": "give",
    "taught": "teach",
    "sold": "sell",
    "bought": "buy",
    "built": "build",
    "supplied": "supply",
    "supplies": "supply",
    "teaches": "teach",
}

_PATTERNS: tuple[tuple[str, str], ...] = (
    (
        "path",
        rf"(?:how|in what way) {_BE} (?P<entity>.+?) and (?P<other>.+?) (?:connected|related|linked|associated)",
    ),
    (
        "path",
        rf"(?:how|in what way) {_BE} (?P<entity>.+?) (?:connected|related|linked) (?:to|with) (?P<other>.+)",
    ),
    ("path", r"what (?:connects|links) (?P<entity>.+?) (?:and|with|to) (?P<other>.+)"),
    (
        "path",
        rf"what {_BE} the (?:connection|relationship|link|relation|path) (?:between|from) (?P<entity>.+?) (?:and|to) (?P<other>.+)",
    ),
    ("path", r"what (?:has|does) (?P<entity>.+?) (?:got )?(?:have )?to do with (?P<other>.+)"),
    (
        "path",
        r"(?P<entity>.+?)[和与跟](?P<other>.+?)(?:之间)?(?:是|有)?(?:什么|怎样的|如何)(?:关系|关联|联系)(?:的|起来的)?",
    ),
    (
        "references",
        r"(?:which|what) (?:other )?documents (?:refer to|reference|cite|point to|name) the document (?P<document>.+)",
    ),
    ("references", r"(?:which|what) (?:other )?documents (?:refer to|reference|cite|point to) (?P<document>.+)"),
    ("references", r"(?:哪些|什么)(?:文档|文件)(?:引用|参考|提及)(?:了)?《(?P<document>.+)》"),
    (
        "count documents",
        r"(?:in )?how many (?:documents|files) (?:mention|name|speak of|talk about|contain) (?P<entity>.+)",
    ),
    ("count documents", rf"in how many (?:documents|files) {_BE} (?P<entity>.+?) (?:mentioned|named)"),
    ("count documents", r"(?:有)?多少(?:个|份|篇)?(?:文档|文件)(?:提到|提及|包含)(?:了)?(?P<entity>.+)"),
    (
        "documents",
        r"(?:which|what) (?:documents?|files?) (?:mentions?|names?|speaks? of|talks? about|contains?) (?P<entity>.+)",
    ),
    ("documents", rf"(?:where|in (?:which|what) (?:documents?|files?)) {_BE} (?P<entity>.+?) (?:mentioned|named)"),
    ("documents", r"where (?:does|do) (?P<entity>.+?) (?:appear|occur|come up)"),
    (
        "documents",
        r"(?:list|show|find)(?: me)?(?: all)?(?: the)? (?:documents?|files?) (?:that mention|mentioning|about|on) (?P<entity>.+)",
    ),
    ("documents", r"(?:哪些|哪个|哪份|什么)(?:文档|文件)(?:中|里)?(?:提到|提及|包含)(?:了)?(?P<entity>.+)"),
    ("documents", r"(?P<entity>.+?)(?:在|出现在)(?:哪些|哪个|哪份)(?:文档|文件)(?:中|里)?(?:出现|被提到|被提及)?"),
    (
        "most mentioned",
        rf"(?:which|what) (?P<kind>{_PEOPLE}) {_BE} (?:mentioned|named) (?:in (?:the )?most (?:documents|files)|most often)",
    ),
    ("most mentioned", rf"(?:which|what) (?P<kind>{_PEOPLE}) do (?:the )?most (?:documents|files) (?:mention|name)"),
    (
        "most mentioned",
        rf"(?:哪个|哪家|哪位)(?P<kind>{_CHINESE_KINDS})(?:在最多(?:的)?(?:文档|文件)中)?(?:被)?(?:提到|提及)(?:的次数|得)?最多",
    ),
    (
        "count having",
        r"how many (?:[\w-]+ ){1,3}(?:has|have|had|with)(?: the| an?)? (?P<relation>[\w -]+?) (?P<entity>(?-i:[A-Z\d]).*)",
    ),
    (
        "count having",
        r"how many (?:[\w-]+ ){1,3}(?:are|were|was|is) (?P<relation>supplied|directed|sold|ordered|given|donated|managed|led|owned|bought|written|designed) by (?P<entity>.+)",
    ),
    (
        "count having",
        r"how many (?:[\w-]+ )+?(?:does|do|did|has|have) (?P<entity>.+?) (?P<relation>supply|direct|sell|order|give|donate|manage|lead|own|buy|write|design|supplied|directed|sold|ordered|given|donated|managed|owned|bought)",
    ),
    (
        "count having",
        r"(?P<relation>[\u4e00-\u9fff]{2,6})(?:是|为)(?P<entity>.+?)的(?:[\u4e00-\u9fff]{0,6})?(?:有多少|有几|一共有多少)(?:个|种|项|家|人)?",
    ),
    (
        "count",
        rf"how many (?:different )?(?P<kind>{_PEOPLE}) (?:{_BE} (?:mentioned|named|there)|do(?:es)? we (?:know|have)|do the documents (?:mention|name))(?: in total| altogether| in (?:all )?the (?:documents|collection|graph))?",
    ),
    (
        "count",
        rf"how many (?:different )?(?P<kind>{_PEOPLE}) {_BE} (?:mentioned|named|there) (?:in|by) (?P<document>.+)",
    ),
    ("count", rf"how many (?:different )?(?P<kind>{_PEOPLE}) does (?P<document>.+?) (?:mention|name)"),
    (
        "count",
        rf"(?P<document>.+?)(?:中|里)?(?:一共)?(?:提到|提及|出现)(?:了)?(?:多少|几)(?:个|位|家|名)?(?P<kind>{_CHINESE_KINDS})",
    ),
    (
        "list",
        rf"(?:list|show|name|give me|tell me)(?: me)?(?: all)?(?: of)?(?: the)? (?P<kind>{_PEOPLE})(?: that are| who are)?(?: mentioned| named)?(?: in the (?:documents|collection|graph))?",
    ),
    (
        "list",
        rf"(?:list|show|name|give me|tell me)(?: me)?(?: all)?(?: of)?(?: the)? (?P<kind>{_PEOPLE})(?: that are| who are)?(?: mentioned| named)? (?:in|by) (?P<document>.+)",
    ),
    (
        "list",
        rf"(?:which|what) (?P<kind>{_PEOPLE}) (?:{_BE} (?:mentioned|named|there)|appears?|occurs?) (?:in|by) (?P<document>.+)",
    ),
    ("list", rf"(?:which|what) (?P<kind>{_PEOPLE}) does (?P<document>.+?) (?:mention|name)"),
    (
        "list",
        rf"(?:which|what) (?P<kind>{_PEOPLE}) {_BE} (?:mentioned|named|there)(?: in the (?:documents|collection|graph))?",
    ),
    ("list", r"(?P<kind>who) is (?:mentioned|named) in (?P<document>.+)"),
    ("list", rf"(?P<document>.+?)(?:中|里)?(?:提到|提及|出现)(?:了)?(?:哪些|什么)(?P<kind>{_CHINESE_KINDS})"),
    ("list", rf"列出(?:所有|全部)?(?:的)?(?P<kind>{_CHINESE_KINDS})"),
    ("meaning", r"what (?:does|do|did) (?P<entity>.+?) (?:mean|stand for|signify)"),
    ("meaning", rf"what {_BE} (?:meant by|the (?:meaning|definition) of) (?P<entity>.+)"),
    ("meaning", r"how is (?P<entity>.+?) defined"),
    ("meaning", r"(?P<entity>.+?)(?:是什么意思|指的是什么|是指什么|指什么|的含义是什么|的定义是什么)"),
    (
        "related",
        rf"(?:which|what) (?P<kind>{_PEOPLE}) {_BE} (?:related|connected|linked|mentioned together|named together|mentioned) (?:to|with) (?P<entity>.+)",
    ),
    ("related", rf"(?:what|who) {_BE} (?:related|connected|linked) (?:to|with) (?P<entity>.+)"),
    ("related", rf"(?:what|who) {_BE} (?P<entity>.+?) (?:related|connected|linked) (?:to|with)"),
    (
        "related",
        rf"(?:which|what|list|show)(?: all)?(?: the)? (?P<kind>{_PEOPLE}) (?:have to do|has to do|associated|connected|related) (?:with|to) (?P<entity>.+)",
    ),
    ("related", rf"(?:哪些|什么)(?P<kind>{_CHINESE_KINDS})?(?:与|和|跟)(?P<entity>.+?)(?:有关|有关系|有关联|相关)"),
    ("related", rf"(?:与|和|跟)(?P<entity>.+?)(?:有关|相关|有关联)的(?P<kind>{_CHINESE_KINDS})?(?:有哪些|是哪些|是谁)"),
    (
        "having",
        r"(?:which|what) (?:[\w-]+ ){1,3}(?:has|have|had|with)(?: the| an?)? (?P<relation>[\w -]+?) (?P<entity>(?-i:[A-Z\d\"“]).*)",
    ),
    (
        "having",
        r"(?!what (?:is|are|was|were))(?:which|what|list|show)(?: all)?(?: the)? (?:[\w-]+ ){1,3}(?:with|of|by|from|for)(?: the)? (?P<relation>[a-z][\w -]*?) (?P<entity>(?-i:[A-Z\d\"“]).*)",
    ),
    (
        "having",
        r"(?:which|what|list|show)(?: all)?(?: the)? (?:[\w-]+ ){1,3}(?:(?:that|which) )?(?:are |is |were |was )?(?P<relation>supplied|directed|sold|ordered|given|donated|managed|led|owned|bought|written|designed) by (?P<entity>.+)",
    ),
    (
        "having",
        r"(?:which|what) (?:[\w-]+ )+?(?:does|do|did|has|have) (?P<entity>.+?) (?P<relation>supply|direct|sell|order|give|donate|manage|lead|own|buy|write|design|supplied|directed|sold|ordered|given|donated|managed|owned|bought)",
    ),
    ("having", r"whose (?P<relation>[\w -]+?) is (?P<entity>.+)"),
    (
        "having",
        r"(?P<relation>[\u4e00-\u9fff]{2,6})(?:是|为)(?P<entity>.+?)的(?:[\u4e00-\u9fff]{0,6})?(?:有哪些|是哪些|有什么|是什么|是谁)",
    ),
    ("roles held", rf"what {_BE} (?P<entity>.+?)['’]s? (?:role|job|position|function|title)"),
    ("role of", rf"(?:who|what|which) {_BE} (?P<entity>.+?)['’]s? (?P<relation>[\w -]+)"),
    ("role of", rf"(?:who|what|which) {_BE} the (?P<whole>.+? (?:of|at|for|in|on|with) .+)"),
    (
        "role of",
        rf"(?:on |in |at |from |by )?(?:which|what) (?P<relation>[\w -]+?) {_BE} (?P<entity>.+?)(?: in| on| from| at)?",
    ),
    (
        "role of",
        r"(?:which|what) (?P<relation>[\w -]+?) (?:does|do|did|has|have) (?P<entity>.+?)(?: have| need| come from| belong to| got)?",
    ),
    ("role of", rf"who (?P<relation>{_VERBS}) (?P<entity>.+)"),
    (
        "role of",
        rf"(?:by whom|who) {_BE} (?P<entity>.+?) (?P<relation>written|designed|built|owned|chaired|led|run|managed|directed|supplied|audited|prepared|edited|let) by",
    ),
    ("role of", rf"who {_BE} (?P<relation>in charge of|responsible for) (?P<entity>.+)"),
    ("role of", r"(?:list|show|name)(?: me)?(?: all)?(?: the)? (?P<relation>[\w -]+?)s? of (?P<entity>.+)"),
    (
        "count beside",
        r"how many (?:different )?(?P<kind>[\w-]+ [\w-]+) (?-i:(?:[a-z]+ ){1,3})(?P<entity>(?-i:[A-Z\d\"“]).*)",
    ),
    (
        "count beside",
        r"how many (?:different )?(?P<kind>[\w-]+) (?-i:(?:[a-z]+ ){1,3})(?P<entity>(?-i:[A-Z\d\"“]).*)",
    ),
    (
        "count beside",
        r"how many (?:different )?(?P<kind>[\w-]+ [\w-]+) (?:does|do|did|has|have) (?P<entity>.+?) (?-i:[a-z]+(?: [a-z]+)?)",
    ),
    (
        "count beside",
        r"how many (?:different )?(?P<kind>[\w-]+) (?:does|do|did|has|have) (?P<entity>.+?) (?-i:[a-z]+(?: [a-z]+)?)",
    ),
    (
        "beside",
        r"(?:which|what|list|show)(?: me)?(?: all)?(?: the)? (?P<kind>[\w-]+ [\w-]+) (?-i:(?:[a-z]+ ){1,3})(?P<entity>(?-i:[A-Z\d\"“]).*)",
    ),
    (
        "beside",
        r"(?:which|what|list|show)(?: me)?(?: all)?(?: the)? (?P<kind>[\w-]+) (?-i:(?:[a-z]+ ){1,3})(?P<entity>(?-i:[A-Z\d\"“]).*)",
    ),
    (
        "beside",
        r"(?:which|what) (?P<kind>[\w-]+ [\w-]+) (?:does|do|did|has|have) (?P<entity>.+?) (?-i:[a-z]+(?: [a-z]+)?)",
    ),
    (
        "beside",
        r"(?:which|what) (?P<kind>[\w-]+) (?:does|do|did|has|have) (?P<entity>.+?) (?-i:[a-z]+(?: [a-z]+)?)",
    ),
    (
        "count",
        r"how many (?:different )?(?P<kind>[\w-]+(?: [\w-]+)?)(?: are there| are listed| do we have| exist)(?: in total| altogether)?",
    ),
    ("list", r"(?:list|show|name|give me)(?: me)?(?: all)?(?: of)?(?: the)? (?P<kind>[\w-]+(?: [\w-]+)?)"),
    ("list", rf"(?:which|what) (?P<kind>[\w-]+(?: [\w-]+)?) {_BE} (?:there|listed)"),
    ("list", r"(?:列出|有哪些)(?:所有|全部)?(?:的)?(?P<kind>[\u4e00-\u9fff]{1,8})"),
    (
        "role of",
        r"(?P<entity>.+?)(?:的|在)(?P<relation>[^的]{1,12}?)(?:是谁|是什么|是多少|有哪些|是哪里|是哪个|叫什么(?:名字)?|是几)",
    ),
    ("role of", r"谁是(?P<entity>.+?)的(?P<relation>[^的]{1,8})"),
    ("roles held", r"who (?:is|was) (?P<entity>(?-i:[A-Z]).*)"),
    ("roles held", r"what (?:does|did) (?P<entity>.+?) do"),
    (
        "roles held",
        r"(?:what|which) (?:role|roles|position|job|function|office) (?:does|do|did|has|have) (?P<entity>.+?)(?: have| hold| held| play)?",
    ),
    ("roles held", r"(?P<entity>.+?)(?:是谁|是做什么的|担任什么职务|的职务是什么|是什么人)"),
    ("known about", r"what (?:is|do we) (?:known|know) (?:about|of) (?P<entity>.+)"),
    ("known about", r"(?:what do the documents|what does the graph) (?:say|know) (?:about|of) (?P<entity>.+)"),
    ("known about", r"关于(?P<entity>.+?)(?:知道什么|有哪些信息|有什么信息)"),
    ("holder", rf"who {_BE} the (?P<relation>[\w -]+)"),
    ("holder", r"(?:谁是|谁任)(?P<relation>[\u4e00-\u9fff]{2,6})"),
)
_COMPILED = tuple((name, re.compile(pattern, re.IGNORECASE)) for name, pattern in _PATTERNS)
_END = re.compile(r"[\s?？。.!！]+$")
_POLITE = re.compile(
    r"^(?:please|can you tell me|could you tell me|do you know|tell me|i(?:'d| would) like to know|请问|请|告诉我)[\s,，]+",
    re.IGNORECASE,
)
LONGEST = 300  # characters: what is longer is no question to the graph


@dataclass(frozen=True, slots=True)
class Fit:
    """A template that a question may be put to, with the words in its slots."""

    template: str
    slots: Mapping[str, str]


def fits(question: str) -> Iterator[Fit]:
    """The templates that the wording of the question fits, the most telling first."""
    text = _END.sub("", _POLITE.sub("", " ".join(question.split())))
    if len(text) > LONGEST:
        return
    for name, pattern in _COMPILED:
        if match := pattern.fullmatch(text):
            slots = {key: (value or "").strip() for key, value in match.groupdict().items()}
            if "relation" in slots:
                slots["relation"] = _PLAIN_VERB.get(slots["relation"].casefold(), slots["relation"])
                slots["relation"] = re.sub(r"^(in charge|responsible) (?:of|for)$", r"\1", slots["relation"])
            if slots.get("kind", "").casefold() == "who":
                slots["kind"] = "people"
            yield Fit(name, slots)
