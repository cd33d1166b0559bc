"""The routes that every collection begins with: kinds of questions, examples of each, and what each changes.

The examples name no subject of any one collection, so that they say what
kind of question it is and not what it is about.
"""

from retrieval.routing.routes import Route, RouteSettings

DEFAULT_ROUTES: tuple[Route, ...] = (
    Route(
        "table_question",
        (
            "How many orders were shipped in May?",
            "What is the average price per category?",
            "Which supplier has the longest lead time?",
            "What was the total revenue last quarter?",
            "List the items with fewer than ten in stock.",
            "Which region sold the most?",
            "What percentage of tickets is still open?",
            "Show the five largest payments.",
            "每个部门有多少人？",
            "销售额最高的产品是哪个？",
            "上个月的订单总额是多少？",
        ),
        RouteSettings(source="auto"),
    ),
    Route(
        "comparison",
        (
            "What is the difference between the two contracts?",
            "How does the new policy compare with the old one?",
            "Compare the basic plan with the premium plan.",
            "Is the first model better than the second one?",
            "What do both reports say about costs?",
            "In what way do the two versions differ?",
            "Which of the two options is safer, and why?",
            "这两个方案有什么区别？",
            "新制度和旧制度相比有哪些变化？",
        ),
        RouteSettings(
            instruction="The question compares things: say what holds for each of them.", passages=5, source="auto"
        ),
    ),
    Route(
        "how_to",
        (
            "How do I reset the device?",
            "What steps are needed to apply for leave?",
            "How can I change my booking?",
            "What do I have to do when the alarm sounds?",
            "How should the filter be replaced?",
            "Explain how to export my data.",
            "What is the procedure for reporting an accident?",
            "怎样更换零件？",
            "如何申请报销？",
            "出现故障时应该怎么办？",
        ),
        RouteSettings(instruction="The question asks how to do something: give the steps in their order."),
    ),
    Route(
        "summary",
        (
            "Summarise the report.",
            "Give me an overview of the handbook.",
            "What is this document about?",
            "What are the main points of the minutes?",
            "Briefly describe the content of the contract.",
            "What are the key findings?",
            "tl;dr of the review",
            "请总结一下这份报告。",
            "这份文件主要讲了什么？",
        ),
        RouteSettings(instruction="The question asks for a summary: name the main points of the passages.", passages=6),
    ),
    Route(
        "small_talk",
        (
            "Hello, how are you?",
            "Thank you very much!",
            "Good morning",
            "Who are you?",
            "You are great.",
            "Tell me a joke.",
            "Bye, see you tomorrow.",
            "你好",
            "谢谢你的帮助",
            "再见",
        ),
        RouteSettings(source="none"),
    ),
    Route(
        "out_of_scope",
        (
            "What will the weather be like tomorrow?",
            "Book me a flight to Rome.",
            "Who won the football match last night?",
            "Write a poem about the sea.",
            "Play some music.",
            "What is the capital of Australia?",
            "Set an alarm for seven.",
            "How old is the president?",
            "明天天气怎么样？",
            "给我写一首诗",
            "帮我订一张机票",
        ),
        RouteSettings(),
    ),
)
