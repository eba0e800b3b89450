"""What the methods and functions of the libraries in use do to what they are given."""

import builtins

# Methods that change the object they are called on. A method whose name ends in one underscore does, too (torch).
MUTATING_METHODS = frozenset(
    "append extend insert remove pop clear sort reverse update setdefault add discard popitem appendleft "
    "extendleft rotate fill resize itemset put partition byteswap setflags load_state_dict register_buffer "
    "add_module seed".split()
)
# Methods of which only the value matters; called for nothing but display, as scratch cells do.
LOOKING_METHODS = frozenset(
    "min max mean std sum var all any argmax argmin head tail describe info astype reshape copy tolist item "
    "size dim numpy keys values items count index shape transpose permute flatten ravel squeeze unsqueeze view "
    "clone detach cpu numel type unique nunique value_counts sample parameters named_parameters state_dict plot "
    "show join split format startswith endswith strip lower upper exists is_dir is_file glob iterdir as_posix".split()
)
# Functions of libraries that change their first argument.
MUTATING_FUNCTIONS = frozenset(
    "shuffle copyto put place putmask fill_diagonal put_along_axis heappush heapify heappop insort setattr delattr at "
    "readinto".split()
)
BARE_MUTATING_FUNCTIONS = frozenset({"shuffle", "setattr", "delattr", "heappush", "heapify", "heappop", "insort"})
# Views: changing what they return changes what they were called on.
VIEW_METHODS = frozenset("reshape view transpose permute squeeze swapaxes ravel diagonal numpy detach T flat".split())
VIEW_FUNCTIONS = frozenset(
    "asarray asanyarray ascontiguousarray from_numpy as_tensor squeeze swapaxes moveaxis expand_dims ravel reshape "
    "transpose rollaxis flip split array_split".split()
)
# Settings that hold for everything after them, rather than a value that something else reads.
AMBIENT_CALLS = frozenset(
    "seed manual_seed manual_seed_all set_default_dtype set_default_tensor_type set_default_device "
    "set_num_threads chdir setrecursionlimit".split()
)

BUILTINS = frozenset(dir(builtins)) | {"get_ipython", "display", "__name__", "__file__"}
