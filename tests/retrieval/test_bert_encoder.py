"""The fused forward pass against the general one, on models with random weights."""

import pytest
import torch
from transformers import BertConfig, BertModel

from retrieval.bert_encoder import BertEncoder, supports
from retrieval.embedding import general_encoder


@pytest.fixture
def model() -> BertModel:
    torch.manual_seed(0)
    sizes = {"hidden_size": 48, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 96}
    model = BertModel(BertConfig(vocab_size=200, **sizes), add_pooling_layer=False).eval()
    for name, parameter in model.named_parameters():
        if name.endswith("bias"):  # they start as zeros, which would hide one that is left out
            torch.nn.init.normal_(parameter, std=0.1)
    return model


@pytest.mark.parametrize("lengths", [[7], [9, 9], [11, 4, 1]], ids=["one", "of one length", "padded"])
def test_token_vectors_are_those_of_the_general_implementation(model: BertModel, lengths: list[int]) -> None:
    tokens = torch.randint(5, 200, (len(lengths), max(lengths)))
    mask = torch.tensor([[1] * length + [0] * (max(lengths) - length) for length in lengths])
    with torch.inference_mode():
        expected = model(input_ids=tokens * mask, attention_mask=mask).last_hidden_state
        for encode in (BertEncoder(model), general_encoder(model)):
            found = encode(tokens * mask, lengths)
            torch.testing.assert_close(found[mask.bool()], expected[mask.bool()], rtol=1e-4, atol=1e-5)


def test_other_models_are_left_to_the_general_implementation(model: BertModel) -> None:
    assert supports(model)
    model.config.hidden_act = "relu"
    assert not supports(model)
    assert not supports(torch.nn.Linear(2, 2))
