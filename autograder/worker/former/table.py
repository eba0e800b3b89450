"""The table: what is gone from the libraries of today, what it meant, and since when.

To add something, write one line here: `Gone` for a name, `Renamed` for an argument, `Positional` for arguments that
now need their names, `Changed` with a function of `meanings.py` or its neighbours for everything else. Only what means
the same, or nearly so, belongs here; what cannot be stood in for rightly should go on stopping with the library's own
words.
"""

from collections.abc import Iterator

from autograder.worker.former import figures, frames, meanings, pictures
from autograder.worker.former.entries import Changed, Entry, Gone, Positional, Renamed


def several(module: str, names: str, target: str, since: str) -> Iterator[Gone]:
    """One entry for each name, `old` or `old=new`: what `old` of the module meant is `new` of the target."""
    for old, _, new in (name.partition("=") for name in names.split()):
        yield Gone(f"{module}:{old}", f"{target}:{new or old}", since)


NUMPY: tuple[Entry, ...] = (
    *several("numpy", "float int bool object str complex", "builtins", "NumPy 1.24"),
    *several("numpy", "long=int unicode=str", "builtins", "NumPy 1.24"),
    *several(
        "numpy", "float_=float64 complex_=complex128 cfloat=complex128 longfloat=longdouble", "numpy", "NumPy 2.0"
    ),
    *several("numpy", "unicode_=str_ string_=bytes_ singlecomplex=complex64", "numpy", "NumPy 2.0"),
    *several(
        "numpy", "int0=intp uint0=uintp bool8=bool_ object0=object_ str0=str_ bytes0=bytes_", "numpy", "NumPy 2.0"
    ),
    *several("numpy", "product=prod cumproduct=cumprod alltrue=all sometrue=any round_=round", "numpy", "NumPy 2.0"),
    *several("numpy", "Inf=inf Infinity=inf infty=inf PINF=inf NaN=nan NAN=nan mat=asmatrix", "numpy", "NumPy 2.0"),
    *several("numpy", "in1d=isin trapz=trapezoid", "numpy", "NumPy 2.4"),
    *several("numpy", "row_stack=vstack", "numpy", "NumPy"),
    *several(
        "numpy", "VisibleDeprecationWarning ComplexWarning RankWarning AxisError", "numpy.exceptions", "NumPy 2.0"
    ),
    Gone("numpy:NINF", float("-inf"), "NumPy 2.0", "`-np.inf`"),
    Gone("numpy:PZERO", 0.0, "NumPy 2.0", "`0.0`"),
    Gone("numpy:NZERO", -0.0, "NumPy 2.0", "`-0.0`"),
    Gone("numpy:msort", meanings.sorted_rows, "NumPy 2.0", "`np.sort` along the first axis"),
    Gone("numpy:asfarray", meanings.as_float_array, "NumPy 2.0", "`np.asarray` with fractions"),
    Gone("numpy:asscalar", meanings.as_scalar, "NumPy 1.23", "`.item()`"),
    Gone("numpy:rank", "numpy:ndim", "NumPy 1.18"),
    Gone("numpy:disp", "builtins:print", "NumPy 2.0"),
    Gone("numpy:warnings", "warnings", "NumPy", "the module `warnings`"),
    Gone("numpy.random:random_integers", meanings.random_integers, "NumPy", "`np.random.randint`, the end included"),
    Changed(
        "numpy:load",
        meanings.loads_objects,
        "`np.load` loads arrays of objects only with `allow_pickle=True` since NumPy 1.16.3; here it was given.",
    ),
    *(
        Changed(
            f"numpy:{name}",
            meanings.ragged_arrays,
            f"`np.{name}` of rows of several lengths needs `dtype=object` since NumPy 1.24; here it was given.",
        )
        for name in ("array", "asarray")
    ),
    *(
        Changed(
            f"numpy:{name}",
            meanings.stacks_generators,
            f"`np.{name}` takes a list and no generator any more; here one was made.",
        )
        for name in ("stack", "vstack", "hstack", "dstack", "column_stack")
    ),
)

TORCH: tuple[Entry, ...] = (
    Changed(
        "torch:load",
        meanings.loads_whole_models,
        "`torch.load` loads only weights since PyTorch 2.6; here it was given `weights_only=False`, as it was before.",
    ),
    Changed(
        "torch.optim.lr_scheduler:",
        meanings.schedulers_that_tell,
        "`verbose=` of schedulers is gone from newer versions of PyTorch; it only printed the learning rate.",
    ),
    Changed(
        "torch:Tensor.__rsub__",
        meanings.masks_that_subtract,
        "Comparisons give truth values since PyTorch 1.2, from which nothing is subtracted; `1 - mask` meant `~mask`.",
    ),
    Changed(
        "torch:Tensor.__getitem__",
        meanings.numbers_with_an_item,
        "A loss has no `[0]` since PyTorch 1.0; it meant `.item()`.",
        where=r"\.data\s*\[\s*0\s*\]|loss\w*\s*\[\s*0\s*\]",
    ),
    Changed(
        "torch:Tensor.view",
        meanings.views_of_other_memory,
        "Convolutions keep the order of memory of permuted pictures since PyTorch 1.5, and `view` refuses what comes "
        "of them; here it was taken for `reshape`.",
        where=r"\.view\s*\(",
    ),
    Gone("torch.utils.data.dataloader:_BaseDataLoaderIter.next", "builtins:next", "PyTorch", "`next(...)`", ".next()"),
    *several("torch._six", "string_classes=str int_classes=int", "builtins", "PyTorch"),
    Gone("torch._six:container_abcs", "collections.abc", "PyTorch"),
    Gone("torch._six:inf", "math:inf", "PyTorch"),
    Gone("torchvision.transforms:Scale", "torchvision.transforms:Resize", "torchvision"),
    Gone("torchvision.transforms:RandomSizedCrop", "torchvision.transforms:RandomResizedCrop", "torchvision"),
)

PILLOW: tuple[Entry, ...] = (
    *several("PIL.Image", "ANTIALIAS=LANCZOS LINEAR=BILINEAR CUBIC=BICUBIC", "PIL.Image", "Pillow 10"),
    Gone("PIL.Image:isImageType", figures.is_image, "Pillow", "a question after the class `Image`"),
    *several("PIL", "PILLOW_VERSION=__version__", "PIL", "Pillow 7"),
    *several("PIL.Image", "PILLOW_VERSION=__version__ VERSION=__version__", "PIL", "Pillow 7"),
    Gone("PIL.ImageDraw:ImageDraw.textsize", figures.size_of_drawn, "Pillow 10", "the far corner of `textbbox`"),
    Gone(
        "PIL.ImageDraw:ImageDraw.multiline_textsize", figures.size_of_drawn, "Pillow 10", "the far corner of `textbbox`"
    ),
    Gone("PIL.ImageFont:FreeTypeFont.getsize", figures.size_of_text, "Pillow 10", "the far corner of `getbbox`"),
    Gone("PIL.ImageFont:ImageFont.getsize", figures.size_of_text, "Pillow 10", "the far corner of `getbbox`"),
)

SCIPY: tuple[Entry, ...] = (
    Gone("scipy.misc:imread", pictures.imread, "SciPy 1.2", "reading with Pillow"),
    Gone("scipy.ndimage:imread", pictures.imread, "SciPy 1.2", "reading with Pillow"),
    Gone("scipy.misc:imresize", pictures.imresize, "SciPy 1.3", "resizing with Pillow, after a stretch to 0..255"),
    Gone("scipy.misc:imrotate", pictures.imrotate, "SciPy", "turning with Pillow, after a stretch to 0..255"),
    Gone("scipy.misc:toimage", pictures.toimage, "SciPy", "a picture of Pillow, after a stretch to 0..255"),
    Gone("scipy.misc:bytescale", pictures.bytescale, "SciPy", "a stretch to 0..255"),
    Gone("scipy.misc:imsave", pictures.imsave, "SciPy", "saving with Pillow, after a stretch to 0..255"),
    *several("scipy.misc", "comb factorial logsumexp", "scipy.special", "SciPy"),
    *several(
        "scipy.integrate", "simps=simpson trapz=trapezoid cumtrapz=cumulative_trapezoid", "scipy.integrate", "SciPy"
    ),
    *several("scipy.signal", "gaussian hann hamming blackman", "scipy.signal.windows", "SciPy"),
    *several("scipy", "array zeros ones mean sum sqrt exp log pi arange linspace interp", "numpy", "SciPy"),
)

SKLEARN: tuple[Entry, ...] = (
    *several(
        "sklearn.cross_validation", "train_test_split cross_val_score", "sklearn.model_selection", "scikit-learn 0.20"
    ),
    *several("sklearn.grid_search", "GridSearchCV ParameterGrid", "sklearn.model_selection", "scikit-learn 0.20"),
    *several(
        "sklearn.learning_curve", "learning_curve validation_curve", "sklearn.model_selection", "scikit-learn 0.20"
    ),
    Gone("sklearn.externals:joblib", "joblib", "scikit-learn 0.23", "the module `joblib`"),
    *several(
        "sklearn.metrics",
        "plot_confusion_matrix=ConfusionMatrixDisplay.from_estimator plot_roc_curve=RocCurveDisplay.from_estimator",
        "sklearn.metrics",
        "scikit-learn 1.2",
    ),
    Renamed("sklearn.preprocessing:OneHotEncoder.__init__", "sparse", "sparse_output", "scikit-learn 1.4"),
    Positional("sklearn.metrics:confusion_matrix", "y_true y_pred labels", "scikit-learn 1.0"),
    Positional("sklearn.model_selection:KFold.__init__", "n_splits shuffle random_state", "scikit-learn 1.0"),
)

SKIMAGE: tuple[Entry, ...] = (
    Gone("skimage.measure:compare_ssim", "skimage.metrics:structural_similarity", "scikit-image 0.18"),
    Gone("skimage.measure:compare_psnr", "skimage.metrics:peak_signal_noise_ratio", "scikit-image 0.18"),
    Gone("skimage.measure:compare_mse", "skimage.metrics:mean_squared_error", "scikit-image 0.18"),
    *several("skimage.feature", "greycomatrix=graycomatrix greycoprops=graycoprops", "skimage.feature", "scikit-image"),
    Gone("skimage.util:pad", "numpy:pad", "scikit-image"),
    Changed(
        "skimage.io:imread",
        pictures.grey_as_gray,
        "`as_grey=` of `skimage.io.imread` is gone from newer versions of scikit-image; it meant `as_gray=`.",
    ),
    *(
        Renamed(
            f"skimage.{place}",
            "multichannel",
            "channel_axis",
            "scikit-image",
            "it meant `channel_axis=-1`",
            lambda several: -1 if several else None,
        )
        for place in ("transform:rescale", "filters:gaussian", "metrics:structural_similarity")
    ),
)

IMAGEIO: tuple[Entry, ...] = (
    Changed(
        "imageio:imread",
        pictures.grey_as_mode,
        '`as_gray=` of `imageio.imread` is gone from newer versions of imageio; it meant `mode="F"`.',
    ),
)

PANDAS: tuple[Entry, ...] = (
    Gone("pandas:DataFrame.append", frames.append_rows, "pandas 2.0", "`pd.concat`"),
    Gone("pandas:Series.append", frames.append_rows, "pandas 2.0", "`pd.concat`"),
    *(
        entry
        for kind in ("DataFrame", "Series")
        for entry in (
            Gone(f"pandas:{kind}.ix", frames.by_label_or_place, "pandas 1.0", "`.loc`, or `.iloc` for places"),
            Gone(f"pandas:{kind}.iteritems", f"pandas:{kind}.items", "pandas 2.0"),
            Gone(f"pandas:{kind}.as_matrix", f"pandas:{kind}.to_numpy", "pandas 1.0"),
            Gone(f"pandas:{kind}.get_values", f"pandas:{kind}.to_numpy", "pandas 1.0"),
            Gone(f"pandas:{kind}.mad", frames.mean_absolute_deviation, "pandas 2.0", "the mean distance from the mean"),
            Gone(f"pandas:{kind}.set_value", frames.set_value, "pandas 1.0", "`.at[...] = ...`"),
            Changed(
                f"pandas:{kind}.fillna",
                frames.fills_with_neighbours,
                "`method=` of `fillna` is gone from newer versions of pandas; it meant `ffill()` or `bfill()`.",
            ),
        )
    ),
    Gone("pandas:DataFrame.applymap", "pandas:DataFrame.map", "pandas 3"),
    Gone("pandas:Series.ravel", "pandas:Series.to_numpy", "pandas 3"),
    Gone("pandas:np", "numpy", "pandas 2.0", "the module `numpy`"),
    Gone("pandas:datetime", "datetime:datetime", "pandas 2.0"),
    Gone("pandas:value_counts", frames.value_counts, "pandas 3", "`pd.Series(...).value_counts()`"),
    *several("pandas", "Int64Index=Index Float64Index=Index", "pandas", "pandas 2.0"),
    *several("pandas.io.json", "json_normalize", "pandas", "pandas"),
    Positional("pandas:concat", "objs axis join ignore_index", "pandas 2.0"),
    Positional("pandas:DataFrame.drop", "labels axis index columns", "pandas 2.0"),
    Positional("pandas:DataFrame.dropna", "axis how thresh", "pandas 2.0"),
    Positional("pandas:DataFrame.set_index", "keys drop append inplace", "pandas 2.0"),
    Positional("pandas:DataFrame.reset_index", "level drop inplace", "pandas 2.0"),
    Positional("pandas:DataFrame.sort_values", "by axis ascending inplace", "pandas 2.0"),
    Positional("pandas:DataFrame.pivot", "index columns values", "pandas 2.0"),
    Renamed("pandas:DataFrame.to_csv", "line_terminator", "lineterminator", "pandas 2.0"),
    Renamed("pandas:read_csv", "error_bad_lines", "on_bad_lines", "pandas 2.0", value=frames.what_of_bad_lines),
    Renamed("pandas:read_csv", "warn_bad_lines", "", "pandas 2.0"),
    Renamed("pandas:read_csv", "delim_whitespace", "sep", "pandas 3", value=lambda is_so: r"\s+" if is_so else ","),
    Changed(
        "pandas:set_option",
        frames.widths_without_end,
        "`pd.set_option` takes `None` for a width without end, and -1 no more.",
    ),
)

MATPLOTLIB: tuple[Entry, ...] = (
    Changed(
        "matplotlib.style:use",
        figures.styles_of_then,
        "The styles `seaborn-...` are called `seaborn-v0_8-...` since Matplotlib 3.6.",
    ),
    Changed(
        "matplotlib.style:context",
        figures.styles_of_then,
        "The styles `seaborn-...` are called `seaborn-v0_8-...` since Matplotlib 3.6.",
    ),
    Gone("matplotlib.cm:get_cmap", "matplotlib.pyplot:get_cmap", "Matplotlib 3.9"),
    Gone("matplotlib.cm:register_cmap", figures.register_colours, "Matplotlib 3.9", "`colormaps.register`"),
    Gone("matplotlib.cm:spectral", "matplotlib.cm:nipy_spectral", "Matplotlib 2.2"),
    Gone("matplotlib.pyplot:hold", figures.nothing, "Matplotlib 3.0", "what happens always now"),
    Gone("matplotlib.pyplot:plot_date", "matplotlib.pyplot:plot", "Matplotlib"),
    Gone("matplotlib.axes:Axes.hold", figures.nothing, "Matplotlib 3.0", "what happens always now"),
    Gone("matplotlib.axes:Axes.set_axis_bgcolor", "matplotlib.axes:Axes.set_facecolor", "Matplotlib 2.2"),
    Gone("matplotlib.axes:Axes.set_color_cycle", figures.set_colour_cycle, "Matplotlib", "`set_prop_cycle`"),
    Gone(
        "matplotlib.backend_bases:FigureCanvasBase.set_window_title",
        figures.nothing,
        "Matplotlib 3.6",
        "the same of `canvas.manager`",
    ),
    Gone(
        "matplotlib.backends.backend_agg:FigureCanvasAgg.tostring_rgb",
        figures.colours_of_canvas,
        "Matplotlib 3.10",
        "`buffer_rgba()` without alpha",
    ),
    Gone("matplotlib.legend:Legend.legendHandles", figures.legend_handles, "Matplotlib 3.9", "`legend_handles`"),
    Renamed("matplotlib.axes:Axes.hist", "normed", "density", "Matplotlib 3.1"),
    Renamed("matplotlib.axes:Axes.grid", "b", "visible", "Matplotlib"),
    Renamed("matplotlib.axes:Axes.bar", "left", "x", "Matplotlib 3.0"),
    Renamed("matplotlib.pyplot:bar", "left", "x", "Matplotlib 3.0"),
    Renamed("matplotlib.axes:Axes.annotate", "s", "text", "Matplotlib"),
    Renamed("matplotlib.pyplot:annotate", "s", "text", "Matplotlib"),
    Renamed("matplotlib.axes:Axes.stem", "use_line_collection", "", "Matplotlib 3.8"),
    Renamed("matplotlib.pyplot:stem", "use_line_collection", "", "Matplotlib 3.8"),
    Renamed("matplotlib.axes:Axes.boxplot", "labels", "tick_labels", "Matplotlib"),
    Renamed("matplotlib.pyplot:boxplot", "labels", "tick_labels", "Matplotlib"),
    Renamed("matplotlib.figure:Figure.savefig", "quality", "", "Matplotlib 3.5"),
    Renamed("matplotlib.figure:Figure.savefig", "frameon", "", "Matplotlib"),
    Renamed("matplotlib.figure:Figure.add_subplot", "axisbg", "facecolor", "Matplotlib 2.2"),
    Renamed("matplotlib.pyplot:axes", "axisbg", "facecolor", "Matplotlib 2.2"),
    Positional("matplotlib.pyplot:tight_layout", "pad h_pad w_pad rect", "Matplotlib"),
    Positional("matplotlib.figure:Figure.tight_layout", "pad h_pad w_pad rect", "Matplotlib"),
    *(
        Changed(
            place,
            figures.axes_with_projection,
            "`gca(projection=...)` makes no axes any more; it meant `add_subplot(projection=...)`.",
        )
        for place in ("matplotlib.pyplot:gca", "matplotlib.figure:Figure.gca")
    ),
)

PYTHON: tuple[Entry, ...] = (
    *several(
        "collections",
        "Iterable Iterator Mapping MutableMapping Sequence MutableSequence Callable Set Sized Hashable Container",
        "collections.abc",
        "Python 3.10",
    ),
    Gone("time:clock", "time:perf_counter", "Python 3.8"),
    Gone("inspect:getargspec", meanings.argument_names, "Python 3.11", "`inspect.getfullargspec`"),
    Gone("fractions:gcd", "math:gcd", "Python 3.9"),
    Gone("asyncio:coroutine", "types:coroutine", "Python 3.11"),
    Gone("threading:Thread.isAlive", "threading:Thread.is_alive", "Python 3.9"),
    Gone("imp:reload", "importlib:reload", "Python 3.12"),
    Gone("imp:load_source", meanings.load_source, "Python 3.12", "a module of `importlib.util`"),
    Changed(
        "random:sample",
        meanings.samples_of_sets,
        "`random.sample` takes a list and no set any more since Python 3.11; here one was made.",
    ),
    Changed(
        "random:shuffle",
        meanings.shuffles_with_numbers,
        "`random.shuffle` takes nothing but the list since Python 3.11.",
    ),
)

NOTEBOOKS: tuple[Entry, ...] = (
    *several("IPython.core.display", "display clear_output", "IPython.display", "IPython"),
    Gone("IPython.display:set_matplotlib_formats", figures.nothing, "IPython", "a setting of how figures are saved"),
)

FORMER: tuple[Entry, ...] = (
    *NUMPY,
    *TORCH,
    *PILLOW,
    *SCIPY,
    *SKLEARN,
    *SKIMAGE,
    *IMAGEIO,
    *PANDAS,
    *MATPLOTLIB,
    *PYTHON,
    *NOTEBOOKS,
)
