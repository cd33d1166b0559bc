"""Multi-query: the question in other words. What they find joins the candidates and hardly votes in fusion.

Without a model that writes, one query: the question with the words of its first passages.
"""

from retrieval.translation import feedback
from retrieval.translation.looking import Look, Rewrite, Translation
from retrieval.translation.writing import Wording, Wordings, Writer, queries

# Rewrites at most, and how much each of their lists counts beside the question's.
REWRITES = 3
VOTE = 0.3
# First passages whose words are taken, and how many words.
LEADERS = 5
WORDS = 8

WORDINGS: Wordings = {
    "en": Wording(
        system=(
            "You rewrite a question so that a search engine finds more. Write three other ways to ask the same, each "
            "on a line of its own. Keep names and numbers, use other words."
        ),
        examples=[
            (
                "How long does it take the Danube to reach the sea?",
                "Travel time of the Danube's water from source to mouth\n"
                "After how many days does the river Danube flow into the Black Sea?\n"
                "Duration of the Danube's course to the sea",
            )
        ],
        asked='"""{question}"""\n\nThree other ways to ask this:',
        max_tokens=72,
    ),
    "zh": Wording(
        system="你改写一个问题，让搜索引擎找到更多内容。用其他词语写出三种问法，每行一个，保留名称和数字。",
        examples=[
            (
                "多瑙河的水要多久才能流到大海？",
                "多瑙河从源头到入海口需要多少天\n多瑙河水流入黑海的时间\n多瑙河全程流经时长",
            )
        ],
        asked='"""{question}"""\n\n三种其他问法：',
        max_tokens=72,
    ),
}


def multi_query(look: Look, writer: Writer | None) -> Translation:
    """Other wordings of the question, or the question with the words of its first passages."""
    if writer is not None:
        written = queries(writer.write(WORDINGS, look.question), look.question, REWRITES)
        return Translation([Rewrite(text, vote=VOTE) for text in written])
    found = feedback.words(look.leaders(LEADERS), look.question, look.rarity, WORDS)
    if not found:
        return Translation(skipped="the first passages have no further words")
    return Translation([Rewrite(f"{look.question} {' '.join(found)}", vote=VOTE)])
