"""`scholiast train` from beginning to end: models of a few thousand weights, sets of a few questions."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app.train import app
from generation.reader import EMBEDDER, Reader, Text
from generation.reader_examples import SETS
from generation.transformers_model import TransformersModel
from retrieval.errors import InvalidRequest, ModelUnavailable
from tests.generation.tiny_encoder import save_tiny_encoder
from tests.generation.tiny_models import save_tiny_llama


def write_set(folder: Path) -> None:
    """Both splits alike: two questions that the passage answers and one that it does not."""
    (folder / "qrels").mkdir(parents=True)
    for split in ("train", "dev"):
        judged = "".join(f"{split}{number}\tp\t1\n" for number in range(8))
        (folder / "qrels" / f"{split}.tsv").write_text(f"query-id\tcorpus-id\tscore\n{judged}")
    passage = {"_id": "p", "title": "rhine", "text": "the rhine begins in alps . it flows into the north sea ."}
    (folder / "corpus.jsonl").write_text(json.dumps(passage))
    with (folder / "queries.jsonl").open("w") as file:
        for split in ("train", "dev"):
            for number in range(8):
                facts = {"answers": ["alps" if number % 2 else "north sea"], "split": split}
                text = "where does the rhine end ?"
                file.write(json.dumps({"_id": f"{split}{number}", "text": text, "metadata": facts}) + "\n")
                facts = {"answers": [], "answerable": False, "context_id": "p", "split": split}
                file.write(json.dumps({"_id": f"{split}-no{number}", "text": "danube ?", "metadata": facts}) + "\n")


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SCHOLIAST_MODELS_DIR", str(tmp_path / "models"))
    for name in SETS:
        write_set(tmp_path / "data" / name)
    return tmp_path / "data"


def train(data: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["reader", "--data", str(data), *arguments])


def test_it_trains_writes_a_reader_and_goes_on_from_there(data: Path, tmp_path: Path) -> None:
    folder = save_tiny_encoder(tmp_path / "models" / EMBEDDER)
    out = tmp_path / "reader.safetensors"
    first = train(data, "--steps", "10", "--out", str(out))
    assert first.exit_code == 0, first.output
    assert "step 10 of 10" in first.output
    assert "squad dev, 8 questions: exact match" in first.output
    (reading,) = Reader(folder, 1, weights=out).read("where does the rhine end ?", [Text("", "it flows into sea .")])
    assert reading.span is not None
    written = out.read_bytes()
    more = train(data, "--steps", "14", "--resume", "--out", str(out))
    assert more.exit_code == 0, more.output
    assert out.read_bytes() != written
    other = train(data, "--steps", "10", "--seed", "1", "--start", str(out), "--out", str(tmp_path / "other"))
    assert other.exit_code == 0, other.output
    both = [str(out), str(tmp_path / "other")]
    mean = CliRunner().invoke(app, ["average", *both, "--data", str(data), "--out", str(tmp_path / "mean")])
    assert mean.exit_code == 0, mean.output
    assert "squad dev, 8 questions: exact match" in mean.output
    assert Reader(folder, 1, weights=tmp_path / "mean").read("where ?", [Text("", "it flows into sea .")])
    assert CliRunner().invoke(app, ["average", str(out), "--data", str(data)]).exit_code == 2
    refused = train(data, "--resume", "--start", str(out))
    assert refused.exit_code == 2
    assert "leave out" in refused.output


def test_without_the_embedder_or_the_sets_it_says_what_to_do(data: Path, tmp_path: Path) -> None:
    missing = train(data)
    assert isinstance(missing.exception, ModelUnavailable)
    assert "models pull" in missing.exception.detail
    save_tiny_encoder(tmp_path / "models" / EMBEDDER)
    (tmp_path / "empty").mkdir()
    foreign = train(tmp_path / "empty")
    assert isinstance(foreign.exception, InvalidRequest)
    assert "BEIR" in foreign.exception.detail
    nothing = train(data, "--resume")
    assert isinstance(nothing.exception, ModelUnavailable)


def test_sets_come_from_any_of_the_folders_in_the_shares_that_were_asked_for(data: Path, tmp_path: Path) -> None:
    save_tiny_encoder(tmp_path / "models" / EMBEDDER)
    write_set(tmp_path / "mine" / "tables")
    out = ("--out", str(tmp_path / "reader"), "--steps", "10")
    made = train(data, "--data", str(tmp_path / "mine"), "--set", "squad=0.5", "--set", "tables", *out)
    assert made.exit_code == 0, made.output
    assert "squad dev, 8 questions" in made.output
    assert "tables dev, 8 questions" in made.output
    assert "cmrc2018" not in made.output


@pytest.mark.parametrize("share", ["half", "0", "1.5", "-1"])
def test_a_share_that_is_none_is_refused_with_an_example(data: Path, share: str) -> None:
    refused = train(data, "--set", f"squad={share}")
    assert refused.exit_code == 2
    assert "squad=0.5" in refused.output


def adapt(data: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["adapter", "--data", str(data), *arguments])


def test_it_trains_an_adapter_judges_it_and_goes_on_from_there(data: Path, tmp_path: Path) -> None:
    tiny = save_tiny_llama(tmp_path / "models" / "tiny")
    out = tmp_path / "adapter"
    asked = ("--generator", "tiny", "--out", str(out), "--set", "squad")
    first = adapt(data, *asked, "--steps", "10")
    assert first.exit_code == 0, first.output
    assert "step 10 of 10" in first.output
    assert "squad dev, 8 answerable questions: exact match" in " ".join(first.output.split())
    assert TransformersModel(tiny, 1, adapters={"own": out}).with_adapter("own").name == "tiny"
    written = (out / "adapter_model.safetensors").read_bytes()
    more = adapt(data, *asked, "--steps", "14", "--resume")
    assert more.exit_code == 0, more.output
    assert (out / "adapter_model.safetensors").read_bytes() != written


def test_without_the_generator_it_says_what_to_do(data: Path) -> None:
    missing = adapt(data)
    assert isinstance(missing.exception, ModelUnavailable)
    assert "models pull SmolLM2-135M-Instruct" in missing.exception.detail
