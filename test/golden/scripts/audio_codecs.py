"""Small encoded files of test/audio/decode.test.ts: half a second of the tones that signals.ts makes again.

    pip install soundfile==0.14.0
    python test/golden/scripts/audio_codecs.py
"""
import pathlib

import numpy as np
import soundfile

out = pathlib.Path(__file__).parent.parent / "audio"


def tones(sample_rate, channels):
    t = np.arange(sample_rate // 2) / sample_rate
    left = 0.4 * np.sin(2 * np.pi * 440 * t)
    right = 0.3 * np.sin(2 * np.pi * 1500 * t)
    return np.stack([left, right], 1)[:, :channels]


for name, rate, channels, options in [
    ("tones.mp3", 44100, 1, dict(format="MP3")),
    ("tones.flac", 16000, 2, dict(format="FLAC", subtype="PCM_16")),
    ("tones.ogg", 22050, 2, dict(format="OGG", subtype="VORBIS")),
    ("tones.opus", 48000, 1, dict(format="OGG", subtype="OPUS")),
]:
    soundfile.write(out / name, tones(rate, channels), rate, **options)
    print(name, (out / name).stat().st_size, "bytes")
