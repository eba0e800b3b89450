"""Names of modules: those that are no student's file, and what is left of a file's name when programs have copied it.

It imports nothing heavy, since workers need it too.
"""

import re
from pathlib import PurePosixPath

# Installed nowhere near a grader; what they do has no bearing on a verdict.
ELSEWHERE = frozenset({"google", "kaggle", "kaggle_secrets", "wandb", "tensorboard", "comet_ml"})
# Libraries of others: if one of these is absent, it is this machine that lacks it and not the submission.
LIBRARIES = frozenset(
    "albumentations cv2 einops fastai gdown google_drive_downloader h5py imageio imgaug import_ipynb ipywidgets "
    "IPython joblib keras kornia lightning matplotlib nbimporter numba onnx pandas patoolib plotly prettytable psutil "
    "pytorch_lightning rarfile requests scipy seaborn skimage sklearn tensorflow thop timm torchaudio torchinfo "
    "torchmetrics torchsummary torchvision torchviz tqdm xgboost yaml".split()
)
# Signs that a program adds to a name when it saves a copy: `x (1).py`, `x[2].py`, `x - Copy.py`, `Copy of x.py`.
_COPY_SIGNS = re.compile(
    r"[(\[]\d+[)\]]|\b(copy( of)?|final|copie( de)?|kopie( von)?|copia( de)?|עותק( של)?)\b", re.IGNORECASE
)


def plain_stem(name: str) -> str:
    """A file's name without its folder, its ending, signs of a copy, case, and whatever is neither letter nor digit."""
    stem = re.sub(r"\.(py|ipynb|txt)\b.*$", "", PurePosixPath(name).name, flags=re.IGNORECASE)
    return re.sub(r"[\W_]", "", _COPY_SIGNS.sub("", stem)).lower()
