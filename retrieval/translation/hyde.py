"""HyDE: search with the vector of a passage as it might answer the question (Gao et al., ACL 2023).

Without a model that writes, with the centroid of the question and of the first passages that it found: Rocchio's
feedback in the space of the embedder.
"""

import numpy as np
from numpy.typing import NDArray

from retrieval.translation.looking import Look, Rewrite, Translation
from retrieval.translation.writing import Wording, Wordings, Writer, passage

# First passages of the centroid.
LEADERS = 3
VOTE = 0.5

WORDINGS: Wordings = {
    "en": Wording(
        system="You write a short passage of an encyclopedia or a manual that answers a question, in two sentences.",
        examples=[
            (
                "Which sea does the Danube flow into?",
                "The Danube is the second-longest river in Europe. After ten countries it flows through a wide delta "
                "in Romania and Ukraine into the Black Sea.",
            )
        ],
        asked='"""{question}"""\n\nA passage that answers this:',
        max_tokens=72,
    ),
    "zh": Wording(
        system="你写一段百科全书或手册中的文字来回答一个问题，写两句话。",
        examples=[
            (
                "多瑙河注入哪个海？",
                "多瑙河是欧洲第二长河，流经十个国家。它在罗马尼亚和乌克兰境内形成宽阔的三角洲，最后注入黑海。",
            )
        ],
        asked='"""{question}"""\n\n回答这个问题的一段文字：',
        max_tokens=72,
    ),
}


def hyde(look: Look, writer: Writer | None) -> Translation:
    """A vector between the question and what may answer it."""
    if writer is not None:
        text = passage(writer.write(WORDINGS, look.question))
        if not text:
            return Translation(skipped="the model wrote nothing that can be searched for")
        return Translation([Rewrite(text, look.passage_vector(text), VOTE)])
    leaders = look.leaders(LEADERS)
    if not leaders:
        return Translation(skipped="nothing was found at first")
    centroid = look.vector + np.mean([leader.vector for leader in leaders], axis=0)
    return Translation([Rewrite(look.question, _unit(centroid), VOTE)])


def _unit(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    length = float(np.linalg.norm(vector))
    return vector / length if length else vector
