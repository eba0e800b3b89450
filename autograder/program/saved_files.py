"""What a statement saves to files and loads from them, so that arrays are followed through the files they pass.

The handout advises to save the arrays and to load them later: `np.save(path, train_data)` in one cell,
`train_data = np.load(path)` in another.
"""

import ast
import re
from dataclasses import dataclass, field

from autograder.submission.notebook import body_of

_SAVING = {"save", "savez", "savez_compressed", "dump", "to_pickle", "tofile", "savemat", "save_file"}
_LOADING = {"load", "read_pickle", "fromfile", "loadmat", "load_file"}
_LIBRARIES = {"np": "numpy", "numpy": "numpy", "pickle": "pickle", "pkl": "pickle", "cPickle": "pickle"}
_LIBRARIES |= {"joblib": "joblib", "torch": "torch", "pd": "pickle", "pandas": "pickle"}
_FILE_NAME = re.compile(r"([\w .()\-]+\.(?:npy|npz|pkl|pk|pickle|pt|pth|joblib|dat|mat|h5))\s*$", re.IGNORECASE)
# How numpy completes a name without an ending.
_COMPLETED = {"save": ".npy", "savez": ".npz", "savez_compressed": ".npz"}


@dataclass
class SavedFiles:
    """saves, loads: files by kind of library and name, `numpy:train.npy`; the name is `?` where the text does not tell
    it. Every saved file is also there as `numpy:any`, which is what a load of an unknown name reads."""

    saves: set[str] = field(default_factory=set)
    loads: set[str] = field(default_factory=set)


def saved_files(node: ast.AST) -> SavedFiles:
    """The files of arrays that the code within a node saves and loads. Weights of models are none of them."""
    found = SavedFiles()
    for call in (child for child in ast.walk(node) if isinstance(child, ast.Call)):
        if getattr(call.func, "id", "") == "exec" and call.args and isinstance(call.args[0], ast.Constant):
            text = call.args[0].value
            for statement in body_of(text) if isinstance(text, str) else ():
                inner = saved_files(statement)
                found.saves |= inner.saves
                found.loads |= inner.loads
        if not isinstance(call.func, ast.Attribute):
            continue
        base = call.func.value
        library = _LIBRARIES.get(base.id) if isinstance(base, ast.Name) else None
        if library is None or (library == "torch" and _is_about_weights(node)):
            continue
        if call.func.attr in _SAVING:
            name = _file_name(call, node, _COMPLETED.get(call.func.attr, ""))
            found.saves |= {f"{library}:{name}", f"{library}:any"}
        elif call.func.attr in _LOADING:
            name = _file_name(call, node, "")
            found.loads |= {f"{library}:any"} if name == "?" else {f"{library}:{name}", f"{library}:?"}
    return found


def _is_about_weights(node: ast.AST) -> bool:
    return any(isinstance(child, ast.Attribute) and "state_dict" in child.attr for child in ast.walk(node))


def _file_name(call: ast.Call, around: ast.AST, completion: str) -> str:
    """The last name of the file that a call speaks of; of the one that is open around it where it speaks of none."""
    for place in (call, around):
        names = []
        for child in ast.walk(place):
            if isinstance(child, ast.Constant) and isinstance(child.value, str):
                text = child.value.replace("\\", "/").rsplit("/", 1)[-1]
                if found := _FILE_NAME.search(text):
                    names.append(found[1].strip())
                elif completion and text.strip() and place is call and call.args and child is call.args[0]:
                    names.append(text.strip() + completion)
        # `f"{name}.npy"` leaves an ending without a name, which is no name.
        if len(set(names)) == 1 and not names[0].startswith("."):
            return names[0]
    return "?"
