import inspect

import numpy as np
import pytest
import timm
import torch
from fastai.data.transforms import Normalize
from fastai.interpret import ClassificationInterpretation, Interpretation
from fastai.learner import Learner
from matplotlib import pyplot as plt
from torchvision.models import resnet18

from postergenre import PosterDataLoaders, densenet_learner, poster_learner
from postergenre.vision.build import arch_name, create_model
from postergenre.vision.weights import WeightsUnavailableError


def norms(dls):
    return [t for loader in dls.loaders for t in loader.after_batch.fs if isinstance(t, Normalize)]


def test_predictions_are_probabilities_everywhere(cnn, movies):
    probs, _ = cnn.get_preds()
    assert probs.min() >= 0 and probs.max() <= 1
    genres, mask, p = cnn.predict(movies["poster"].iloc[0])
    assert p.shape == (20,) and mask.dtype == torch.bool and len(genres) == mask.sum()
    over = p > 0.5
    torch.testing.assert_close(mask, over if over.any() else p == p.max())
    _, top_n, macro_ap = cnn.validate()
    assert 0 <= top_n <= 1 and 0 <= macro_ap <= 1


def test_training_starts_at_popularity(dls):
    learn = densenet_learner(dls)
    assert sum(p.numel() for p in learn.model.parameters()) == 6_974_356
    bias = torch.sigmoid(learn.model.classifier.bias).detach()
    assert torch.corrcoef(torch.stack([bias, torch.tensor(dls.row_freq)]))[0, 1] > 0.99
    assert learn.arch == "densenet121" and (learn.genre_freq == dls.genre_freq).all()
    assert next(m for m in learn.model.modules() if isinstance(m, torch.nn.Conv2d)).weight.is_contiguous(
        memory_format=torch.channels_last
    )


def test_weights_bring_their_own_statistics_and_leave_the_loaders_alone(dls, tmp_path):
    file = tmp_path / "lite0.pth"
    torch.save(create_model("tf_efficientnet_lite0", 20, (64, 64))[0].state_dict(), file)
    before = [n.mean.clone() for n in norms(dls)]
    learn = poster_learner(dls, "tf_efficientnet_lite0", weights=file)
    assert all((n.mean.flatten().cpu() == 0.5).all() for n in norms(learn.dls)) and len(norms(learn.dls)) == 2
    assert all(torch.equal(a, n.mean) for a, n in zip(before, norms(dls), strict=True))
    x, _ = learn.dls.one_batch()
    assert x.min() >= -1.001 and x.max() <= 1.001 and isinstance(learn.dls, PosterDataLoaders)


def test_failed_pretrained_leaves_the_loaders_as_they_were(dls, monkeypatch, tmp_path):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    for proxy in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(proxy, "http://127.0.0.1:9")
    pipelines = [[type(t) for t in loader.after_batch.fs] for loader in dls.loaders]
    with pytest.raises(WeightsUnavailableError):
        poster_learner(dls, "resnet18", pretrained=True)
    assert [[type(t) for t in loader.after_batch.fs] for loader in dls.loaders] == pipelines


def test_freeze_trains_the_last_layer_only(dls):
    learn = poster_learner(dls, "resnet18")
    learn.freeze()
    assert learn.model.fc.weight.requires_grad and not learn.model.layer4[0].conv1.weight.requires_grad


def test_custom_cnn_learns_what_its_eyes_can_see(tmp_path):
    # The study's own network scored below random order. Here: two plain colours, two genres.
    import pandas as pd
    from fastai.torch_core import set_seed
    from PIL import Image

    from postergenre import custom_cnn_learner, read_movies

    rows = []
    for i in range(96):
        dark = i % 2
        Image.new("RGB", (70, 100), (20 + i % 30, 10, 60) if dark else (240, 200 - i % 30, 90)).save(
            tmp_path / f"{i}.png"
        )
        rows.append({"poster": tmp_path / f"{i}.png", "genres": ["Horror"] if dark else ["Comedy"]})
    movies = read_movies(pd.DataFrame(rows), vocab=["Comedy", "Horror"], verbose=False)
    movies["split"] = ["valid" if i % 4 < 2 else "train" for i in range(96)]
    set_seed(0)
    dls = PosterDataLoaders.from_movies(movies, size=64, bs=8, num_workers=0)
    learn = custom_cnn_learner(dls)
    with learn.no_bar(), learn.no_logging():
        learn.fit_one_cycle(4, 3e-3)
    assert learn.validate()[1] > 0.9


# ---- as fastai's users are used to


def test_a_network_may_be_named_by_its_function(dls):
    assert poster_learner(dls, resnet18).arch == "resnet18"
    assert arch_name(timm.models.resnet18) == "timm/resnet18" and arch_name(timm.models.test_resnet) == "test_resnet"
    with pytest.raises(ValueError, match="arch=my_net is no network of torchvision's or timm's; pass one of their"):
        poster_learner(dls, my_net)


def my_net(n_out):
    return torch.nn.Linear(3, n_out)


def test_arrays_and_tensors_of_every_kind_are_the_same_poster(cnn, picture):
    "A (3, height, width) tensor and arrays of floats ended in a message of Pillow's."
    from postergenre import open_poster

    pixels = np.asarray(open_poster(picture))
    tensor = torch.from_numpy(pixels.copy()).permute(2, 0, 1)
    expected = cnn.predict(picture)[2]
    for same in (pixels, pixels / 255, pixels.astype("float32"), tensor, tensor / 255, tensor.long()):
        torch.testing.assert_close(cnn.predict(same)[2], expected)
    with pytest.raises(
        ValueError, match=r"shape \(1, 3, 180, 120\) is no poster; pass one of .* of a batch batch\[0\]"
    ):
        cnn.predict(tensor[None])
    with pytest.raises(ValueError, match=r"values go from -0.765 to .*before they are normalised"):
        cnn.predict(tensor / 127.5 - 1)


def test_fastais_interpretation_of_one_genre_a_movie_is_refused(cnn):
    "Its confusion matrix flattened all genres to 0 and 1, and named the cells after the first two."
    with cnn.no_bar():
        interp = ClassificationInterpretation.from_learner(cnn)
        for method in (interp.confusion_matrix, interp.plot_confusion_matrix, interp.most_confused):
            with pytest.raises(ValueError, match=r"one genre.*use GenreInterpretation.from_learner\(learn\)"):
                method()
        with pytest.raises(ValueError, match="use GenreInterpretation"):
            interp.print_classification_report()
        assert len(cnn.get_preds(with_decoded=True)) == 3  # all else is as it was
        Interpretation.from_learner(cnn).plot_top_losses(2)
    assert plt.gcf().axes
    names = [list(inspect.signature(kind.get_preds).parameters) for kind in (type(cnn), Learner)]
    assert names[0] == names[1]


@pytest.mark.parametrize("wrong", [{"bs": 0}, {"workers": -1}])
def test_batches_of_nothing_are_refused_in_one_sentence(cnn, movies, wrong):
    with pytest.raises(ValueError, match=r"(bs=0 should be 1|workers=-1 should be 0) or more"):
        cnn.probs(movies.head(2), **wrong)
