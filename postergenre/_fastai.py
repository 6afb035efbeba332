"""fastai, imported without the warnings that its users can do nothing about."""

import warnings

with warnings.catch_warnings():
    # of torch.jit.script and of an option that pandas no longer has
    warnings.filterwarnings("ignore", category=FutureWarning)
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    # of timm and huggingface_hub, which in a notebook asks for ipywidgets; no bar of ours needs them
    warnings.filterwarnings("ignore", message="IProgress not found")
    import tqdm.auto  # noqa: F401, I001

    # the whole of it: fit_one_cycle, lr_find, show_results and to_fp16 are added to Learner by modules that only
    # vision.all imports
    import fastai.vision.all  # noqa: F401
