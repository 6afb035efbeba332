"""The page: posters in; genres, the evidence for one, a table and a CSV out. Needs pip install 'postergenre[app]'."""

from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

import gradio as gr
import numpy as np
import torch

from postergenre.app.answers import Answer, ask, evidence
from postergenre.app.shown import bars, csv_rows, evidence_of, summary_rows
from postergenre.data.posters import POSTER_SUFFIXES, UNREADABLE
from postergenre.predict import write_rows

MOST_FILES = 100  # at once
WAITING = 32  # questions in the queue
KEPT = 15 * 60  # seconds that uploads are kept
UPLOADS = Path("uploads")  # under the folder in which the process works


def build(
    learn,  # a PosterLearner or PosterEnsemble
    examples: Sequence[Path],  # posters to try
) -> gr.Blocks:
    "The page of a model."
    vocab = list(learn.dls.vocab)
    thresh = np.broadcast_to(torch.as_tensor(learn.thresh).cpu().numpy(), len(vocab))

    def look(files: list[str] | None, progress=gr.Progress()):  # noqa: B008
        files = files or []
        if len(files) > MOST_FILES:
            raise gr.Error(
                f"These are {len(files):,} posters; up to {MOST_FILES} can be looked at at once. "
                "For more: python -m postergenre.predict MODEL FOLDER --csv genres.csv",
                print_exception=False,
            )
        answers = ask(learn, files, lambda done: progress((done, len(files)), unit="posters"))
        several = len(answers) > 1
        choices = [(answer.name, i) for i, answer in enumerate(answers)]
        first = next((i for i, answer in enumerate(answers) if not answer.error), 0) if answers else None
        said, choice = show(answers, first)
        most = choice.get("value")  # Gradio takes it out of what is yielded
        # all in one turn: where many ask, another turn could be refused, and half of the answer lost
        yield {
            state: answers,
            many: gr.update(visible=several),
            table: summary_rows(answers, vocab) if several else None,
            csv: _csv(answers, vocab) if several else None,
            chosen: gr.update(choices=choices, value=first),
            genres: said,
            genre: choice,
            shown: "",
        }
        yield {shown: explain(answers, first, most)}

    def show(answers: list[Answer], place: int | None):
        if not answers or place is None:
            return "", gr.update(visible=False)
        answer = answers[place]
        if answer.error:
            return bars(answer, vocab, thresh), gr.update(visible=False)
        order = [vocab[i] for i in np.argsort(-answer.probs, kind="stable")]
        return bars(answer, vocab, thresh), gr.update(choices=order, value=order[0], visible=True)

    def explain(answers: list[Answer], place: int | None, genre: str | None):
        if not answers or place is None or answers[place].error:
            return ""
        try:
            found = evidence(learn, answers[place].file, genre)
        except FileNotFoundError:
            raise gr.Error("The poster is no longer kept; drop it again", print_exception=False) from None
        except UNREADABLE as e:
            raise gr.Error(str(e), print_exception=False) from e
        return evidence_of(answers[place], genre, *found)

    def look_at_example(place: int):
        yield from look([str(examples[place])])

    def pick(event: gr.SelectData):
        return event.index[0]

    with gr.Blocks(title="postergenre", analytics_enabled=False, delete_cache=(60, KEPT)) as page:
        state = gr.State([])
        gr.Markdown(
            f"# Genres of movie posters\nThe model ({learn.arch}) says which genres a poster shows, how probable each "
            "is, and where it sees them. Posters stay on the machine that runs this page and are deleted after about "
            f"{KEPT // 60} minutes."
        )
        with gr.Row():
            with gr.Column(min_width=300):
                kinds = {"file_count": "multiple", "file_types": list(POSTER_SUFFIXES)}
                files = gr.File(label=f"One poster, or up to {MOST_FILES}", **kinds, height=200)
                pictures = [[str(file)] for file in examples]
                image = gr.Image(type="filepath", render=False, label="Poster")
                tried = gr.Dataset(label="Or try one of these", components=[image], samples=pictures, type="index")
            with gr.Column(min_width=300, scale=2):
                with gr.Column(visible=False) as many:
                    table = gr.Dataframe(
                        headers=["poster", "genres"],
                        label="Genres of all posters",
                        interactive=False,
                        wrap=True,
                        column_widths=["35%", "65%"],
                        max_height=320,
                    )
                    csv = gr.DownloadButton("Download all probabilities as CSV")
                    chosen = gr.Dropdown([], label="Poster shown below", filterable=True)
                genres = gr.HTML()
                genre = gr.Dropdown([], label="Evidence for", visible=False)
                shown = gr.HTML()

        heavy = {"concurrency_id": "model", "concurrency_limit": 1, "api_visibility": "private"}
        light = {"show_progress": "hidden", "api_visibility": "private"}

        def then_show(event):
            event.then(show, [state, chosen], [genres, genre], **light).then(
                explain, [state, chosen, genre], shown, **heavy
            )

        outputs = [state, many, table, csv, chosen, genres, genre, shown]
        files.change(look, files, outputs, **heavy)
        tried.click(look_at_example, tried, outputs, **heavy)
        then_show(chosen.input(lambda: None, **light))
        then_show(table.select(pick, None, chosen, **light))
        genre.input(explain, [state, chosen, genre], shown, **heavy)
    return page.queue(max_size=WAITING, api_open=False)


def _csv(answers: Sequence[Answer], vocab: Sequence[str]) -> str:
    file = UPLOADS / uuid4().hex / "genres.csv"
    write_rows(csv_rows(answers, vocab), list(vocab), file)
    return str(file)
