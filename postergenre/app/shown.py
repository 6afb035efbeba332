"""What a page shows of answers, as HTML: bars against thresholds, pictures with their heat, lines."""

import base64
from collections.abc import Sequence
from html import escape
from io import BytesIO

import numpy as np
import pandas as pd
from PIL import Image

from postergenre.app.answers import Answer, Evidence
from postergenre.text.words import WORDS

FIRST = 8  # genres shown at once, the most probable
MOST = 12  # lines shown, those that say most
NONE = "No genre's bar passes its mark, the threshold, so the most probable one is named."


def bars(
    answer: Answer,
    vocab: Sequence[str],
    thresh: np.ndarray,  # (genres,)
) -> str:
    "A poster's genres, all probabilities as bars with a mark at each threshold; or why it cannot be read."
    if answer.error:
        said = f"<strong>{escape(answer.name)} cannot be read</strong><br>{escape(answer.error)}"
        return f'<p class="error" role="alert">{said}</p>'
    order = np.argsort(-answer.probs, kind="stable")
    rows = [_bar(vocab[i], answer.probs[i], thresh[i], vocab[i] in answer.named) for i in order]
    first = max(FIRST, len(answer.named))
    more = f"<details><summary>All {len(rows)} genres</summary>{_bars(rows[first:])}</details>" if rows[first:] else ""
    note = "A genre is named where its bar passes its mark, the threshold." if (answer.probs > thresh).any() else NONE
    named = escape(", ".join(answer.named))
    return f'<h2>{named}</h2>{_bars(rows[:first])}{more}<p class="note">{note}</p>'


def _bars(rows: Sequence[str]) -> str:
    return f'<table class="bars"><tbody>{"".join(rows)}</tbody></table>'


def _bar(genre: str, prob: float, least: float, named: bool) -> str:
    said = f'{prob:.0%}<span class="unseen">, threshold {least:.0%}{", named" if named else ""}</span>'
    bar = f'<td aria-hidden="true"><div class="bar" style="--prob:{prob:.4f};--least:{least:.4f}"></div></td>'
    row = f'<th scope="row">{escape(genre)}</th>{bar}<td class="number">{said}</td>'
    return f'<tr class="named">{row}</tr>' if named else f"<tr>{row}</tr>"


def evidence_of(
    answer: Answer,
    genre: str,
    poster: Image.Image,
    kinds: Sequence[Evidence],
    parts: pd.DataFrame,  # modality, part, adds (log-odds)
) -> str:
    "A poster beside where on it a genre is seen, and the parts that speak for it or against it."
    figures = [_figure(poster, f"Poster {answer.name}", answer.name)]
    for kind in kinds:
        said = kind.heading if kind.anything else f"{kind.heading}: nothing speaks for {genre}"
        figures.append(_figure(kind.picture, f"Where on the poster evidence for {genre} is", said))
    tables = [_parts(genre, *group) for group in parts.groupby("modality", sort=False)]
    return f'<div class="figures">{"".join(figures)}</div>{"".join(tables)}'


def summary_rows(answers: Sequence[Answer], vocab: Sequence[str]) -> list[list[str]]:
    "A row a poster: its name; its genres with their probabilities, or why it cannot be read."
    places = {genre: i for i, genre in enumerate(vocab)}
    return [
        [a.name, a.error or ", ".join(f"{genre} {a.probs[places[genre]]:.0%}" for genre in a.named)] for a in answers
    ]


def csv_rows(answers: Sequence[Answer], vocab: Sequence[str]) -> list[dict]:
    "As postergenre.predict.write_rows takes them."
    rows = []
    for answer in answers:
        probs = [None] * len(vocab) if answer.probs is None else answer.probs
        row = {"poster": answer.name, "genres": answer.named or [], "error": answer.error}
        rows.append(row | dict(zip(vocab, probs, strict=True)))
    return rows


def _figure(picture: Image.Image, alt: str, caption: str) -> str:
    buffer = BytesIO()
    picture.save(buffer, "JPEG", quality=88)
    source = f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"
    size = f'width="{picture.width}" height="{picture.height}"'
    return f'<figure><img {size} alt="{escape(alt)}" src="{source}"><figcaption>{escape(caption)}</figcaption></figure>'


def _parts(genre: str, modality: str, parts: pd.DataFrame) -> str:
    parts = parts.sort_values("adds", key=abs, ascending=False, kind="stable").head(MOST)
    cells = [(escape(str(part.part)), f"{part.adds:+.2f}".replace("-", "−")) for part in parts.itertuples(index=False)]
    kind = "Lines that were read" if modality == WORDS else f"What was found ({escape(modality)})"
    head = f"<tr><th>{kind}</th><th class='number'>for {escape(genre)}</th></tr>"
    rows = "".join(f"<tr><td>{part}</td><td class='number'>{adds}</td></tr>" for part, adds in cells)
    note = f'<p class="note">A number above 0 speaks for {escape(genre)}, below 0 against it (log-odds).</p>'
    return f'<table class="parts"><thead>{head}</thead><tbody>{rows}</tbody></table>{note}'
