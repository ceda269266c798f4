"""src/audio/samples.ts: a short tone in every encoded format, by which `kpipe doctor` tries the decoders.

    pip install soundfile==0.14.0
    python test/golden/scripts/audio_samples.py
"""
import base64
import io
import pathlib
import textwrap

import numpy as np
import soundfile

FORMATS = [
    ("mp3", 16000, 1600, dict(format="MP3")),
    ("flac", 8000, 400, dict(format="FLAC", subtype="PCM_16")),
    ("ogg vorbis", 8000, 800, dict(format="OGG", subtype="VORBIS", compression_level=1.0)),
    ("ogg opus", 8000, 800, dict(format="OGG", subtype="OPUS")),
]

lines = [
    "/** 50 to 100 ms of a 440 Hz tone in every encoded format, as base64: `kpipe doctor` tries the decoders on them. */",
    "// Made by test/golden/scripts/audio_samples.py.",
    "export const audioSamples: Readonly<Record<string, string>> = {",
]
for name, rate, count, options in FORMATS:
    file = io.BytesIO()
    soundfile.write(file, 0.4 * np.sin(2 * np.pi * 440 * np.arange(count) / rate), rate, **options)
    text = base64.b64encode(file.getvalue()).decode()
    key = name if name.isidentifier() else f"'{name}'"
    pieces = textwrap.wrap(text, 108)
    lines.append(f"  {key}:")
    lines += [f"    '{piece}' +" for piece in pieces[:-1]] + [f"    '{pieces[-1]}',"]
lines.append("}")
target = pathlib.Path(__file__).parents[3] / "src/audio/samples.ts"
target.write_text("\n".join(lines) + "\n")
