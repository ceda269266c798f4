"""Golden numbers of test/features/mel.test.ts: mean log-mel of made-up sounds by librosa, in double precision.

    pip install librosa==0.11.0
    python test/golden/scripts/features_mel.py
"""
import json
import pathlib

import librosa
import numpy as np

RATE = 16000


def sound(seconds):
    """Three tones that fade and noise of a linear congruential generator; made again by the test."""
    n = round(seconds * RATE)
    t = np.arange(n) / RATE
    noise = np.empty(n)
    state = 12345
    for i in range(n):
        state = (state * 1664525 + 1013904223) % 2**32
        noise[i] = state / 2**31 - 1
    tones = 0.4 * np.sin(2 * np.pi * 220 * t) + 0.2 * np.sin(2 * np.pi * 1234.5 * t) + 0.1 * np.sin(2 * np.pi * 5000 * t)
    return (tones * np.exp(-t) + 0.01 * noise).astype(np.float32)


def feature(seconds, clip_seconds, n_fft, hop_length, n_mels):
    y = librosa.util.fix_length(sound(seconds), size=round(clip_seconds * RATE)).astype(np.float64)
    mel = librosa.feature.melspectrogram(y=y, sr=RATE, n_fft=n_fft, hop_length=hop_length, n_mels=n_mels)
    return librosa.power_to_db(mel).mean(axis=1)


cases = []
for seconds, clip_seconds, n_fft, hop_length, n_mels in [
    (5, 5, 2048, 512, 128),
    (1.3, 5, 2048, 512, 128),  # padded with silence
    (3, 1, 2048, 512, 128),  # cut
    (2, 2, 1024, 160, 64),
]:
    options = dict(seconds=seconds, clip_seconds=clip_seconds, n_fft=n_fft, hop_length=hop_length, n_mels=n_mels)
    cases.append({**options, "expected": [round(float(v), 8) for v in feature(**options)]})

out = pathlib.Path(__file__).parent.parent / "features-mel.json"
out.write_text(json.dumps({"librosa": librosa.__version__, "cases": cases}, indent=None) + "\n")
print(out, out.stat().st_size, "bytes")
