"""What a parameter means, by its name, and what the notebook itself passes for it."""

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from autograder.program.names import plain
from autograder.program.slicing import Dependencies

# The meaning of a parameter: the names it goes by, without case and underscores.
MEANINGS: dict[str, str] = {
    "model": "model net network cnn mdl m classifier",
    "data": "data dataset arr array images imgs x triplets shoes input inputs dataarray students pics pictures photos "
    "dat xs d",
    "path": "path folder dir directory datapath root folderpath pathname location drivepath dirpath filespath src "
    "imagepath pattern globpath",
    "positives": "pos positives posdata datapos same samepairs samedata possamples posimages positive xpos",
    "negatives": "neg negatives negdata dataneg different differentpairs diff diffpairs negsamples negimages negative "
    "diffdata differentdata xneg",
    "train_data": "traindata train trainset trainingdata xtrain trainarr trainingset trainimages",
    "valid_data": "validdata validationdata valdata valid val validation validset valset xvalid xval",
    "batch_size": "batchsize batch bs batchsz nbatch minibatch minibatchsize bsize sizebatch batchsizetrain",
    "learning_rate": "learningrate lr alpha eta learnrate rate lrate stepsize",
    "weight_decay": "weightdecay wd decay l2",
    "epochs": "epochs numepochs nepochs maxepochs epoch nepoch maxepoch numepoch ep eps nep nbepochs totalepochs "
    "epochsnum numberofepochs nbepoch epochscount nepocs epocs",
    "iterations": "iterations maxiters maxiter iters numiters maxiterations niters numiterations steps niter numiter "
    "maxsteps numsteps nsteps totaliters maxiteration numberofiterations totalsteps nit its",
    "checkpoint_path": "checkpointpath checkpoint ckpt ckptpath savepath checkpointdir modelpath savedir ckptdir save "
    "fname filename saveas saveto savename ckptname weightspath weightpath checkpointname checkpointfile modelfile "
    "outpath outdir savefile checkpointfolder ckptfolder weightsfile weightsdir ckp chkpt ckpath",
    "n": "n numfilters filters nfilters channels nchannels numchannels basechannels width nfeatures features nkernels "
    "outchannels hiddenchannels c ch nf numkernels base k0 firstchannels nout",
    "kernel_size": "kernelsize kernel ksize k ks kersize ker filtersize convsize kernelsz kersz",
    "padding": "padding pad p",
    "input_size": "inputsize inputdim sizein insize dimin imgsize imagesize inputshape",
    "in_channels": "inchannels inputchannels channelsin inc numinputchannels inch cin",
    "output_size": "outputsize numclasses nclasses classes outputdim outsize nclass dimout outputs outdim numclass",
    "hidden": "hidden hiddensize hiddenunits nhidden fc fcsize fc1size hiddendim linearsize units",
    "dropout": "dropout drop dropoutrate pdrop dropoutp dropprob droprate",
    "device": "device dev",
    "verbose": "verbose debug printing toprint printinfo",
}
_MEANING_OF = {name: meaning for meaning, names in MEANINGS.items() for name in (*names.split(), plain(meaning))}


def meaning_of(parameter: str) -> str | None:
    """What a parameter is for, or None where its name does not tell."""
    return _MEANING_OF.get(plain(parameter))


@dataclass(frozen=True)
class Parameter:
    """A parameter as the submission's function declares it. default: its value where it is a number, text or None."""

    name: str
    kind: str
    has_default: bool
    default: Any = None

    @property
    def required(self) -> bool:
        return not self.has_default and self.kind in ("positional only", "positional or keyword", "keyword only")


UNKNOWN = object()


@dataclass(frozen=True)
class ExampleCall:
    """A call in the notebook; arguments that cannot be read off the text are UNKNOWN."""

    positional: tuple[Any, ...]
    keyword: dict[str, Any]
    position: int

    @property
    def is_known(self) -> bool:
        return UNKNOWN not in self.positional and UNKNOWN not in self.keyword.values()


def example_calls(dependencies: Dependencies, name: str) -> tuple[ExampleCall, ...]:
    """How the notebook itself calls a function or class, in order, with the values that its text shows."""
    found = []
    for position, statement in enumerate(dependencies.statements):
        for node in ast.walk(statement.node):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.func.id != name:
                continue
            if any(isinstance(a, ast.Starred) for a in node.args) or any(k.arg is None for k in node.keywords):
                continue
            positional = tuple(_value(argument, dependencies, position) for argument in node.args)
            keyword = {k.arg: _value(k.value, dependencies, position) for k in node.keywords if k.arg}
            found.append(ExampleCall(positional, keyword, position))
    return tuple(found)


_OPERATIONS: dict[type, Any] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.FloorDiv: lambda a, b: a // b,
    ast.Div: lambda a, b: a / b,
}


def _value(node: ast.expr, dependencies: Dependencies, position: int, depth: int = 0) -> Any:
    """The number, text, truth value or None that an expression stands for, or UNKNOWN."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float | str | bool | None):
        return node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = _value(node.operand, dependencies, position, depth)
        return -value if _is_number(value) else UNKNOWN
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATIONS:
        left = _value(node.left, dependencies, position, depth)
        right = _value(node.right, dependencies, position, depth)
        if _is_number(left) and _is_number(right):
            try:
                return _OPERATIONS[type(node.op)](left, right)
            except ArithmeticError:
                return UNKNOWN
        return UNKNOWN
    if isinstance(node, ast.Tuple):
        values = tuple(_value(element, dependencies, position, depth) for element in node.elts)
        return UNKNOWN if UNKNOWN in values else values
    if isinstance(node, ast.Name) and depth < 6:
        return _value_of_name(node.id, dependencies, position, depth)
    return UNKNOWN


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e12


def _value_of_name(name: str, dependencies: Dependencies, position: int, depth: int) -> Any:
    reaching = dependencies.reaching(name, position)
    if len(reaching) != 1:
        return UNKNOWN
    node = dependencies.statements[reaching[0]].node
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        target, value = node.targets[0], node.value
        if isinstance(target, ast.Name):
            return _value(value, dependencies, reaching[0], depth + 1)
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
            for element, part in zip(target.elts, value.elts, strict=True):
                if isinstance(element, ast.Name) and element.id == name:
                    return _value(part, dependencies, reaching[0], depth + 1)
    return UNKNOWN


def resolved_names(names: Sequence[str]) -> dict[str, str]:
    """What was taken for what: the first parameter of each meaning, in order."""
    resolved: dict[str, str] = {}
    for name in names:
        meaning = meaning_of(name)
        if meaning is not None and meaning not in resolved:
            resolved[meaning] = name
    return resolved


def resolved_parameters(parameters: Sequence[Parameter]) -> dict[str, str]:
    """The same for parameters that a worker has told."""
    return resolved_names([parameter.name for parameter in parameters])
