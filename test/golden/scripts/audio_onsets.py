"""Golden numbers of test/audio/onset.test.ts and descriptors.test.ts: rhythm and descriptors of a beat made from its formula.

    pip install librosa==0.11.0
    python test/golden/scripts/audio_onsets.py

Onsets, tempogram and tempo by librosa. What librosa has not (skewness, kurtosis, slope, crest; loudness, spread and sharpness)
is written out here from Peeters, "A large set of audio features for sound description" (2004), on librosa's STFT; bands
of loudness are, as meyda divides them, 24 equal parts of the Bark scale, each the sum of its magnitudes to the 0.23.
"""
import base64
import json
import pathlib

import librosa
import numpy as np

SAMPLE_RATE = 16000
BPM = 128


def noise(count, seed):
    """Linear congruential, modulo 2^32; the same integers in any language."""
    state, out = seed, np.empty(count)
    for i in range(count):
        state = (state * 1664525 + 1013904223) % 2**32
        out[i] = state / 2**32 - 0.5
    return out


def beat(seconds, bpm):
    """Noise that dies away after every beat, the first of four louder, over a soft tone; float32."""
    n = int(seconds * SAMPLE_RATE)
    hiss = noise(n, 3)
    t = np.arange(n) / SAMPLE_RATE
    beats = t * bpm / 60
    since = (beats - np.floor(beats)) * 60 / bpm
    level = np.where(np.floor(beats) % 4 == 0, 1.0, 0.6)
    return (level * np.exp(-30 * since) * hiss + 0.05 * np.sin(2 * np.pi * 330 * t)).astype(np.float32)


def pack(array):
    array = np.atleast_2d(np.asarray(array, dtype="<f4"))
    return {"shape": list(array.shape), "data": base64.b64encode(array.tobytes()).decode()}


def frames_of(y):
    magnitude = np.abs(librosa.stft(y))
    k = np.arange(len(magnitude))[:, None]
    total = magnitude.sum(0)
    centre = (k * magnitude).sum(0) / total
    moment = lambda n: ((k - centre) ** n * magnitude).sum(0) / total
    hz = k * SAMPLE_RATE / 2048
    n = len(k)
    slope = (n * (hz * magnitude).sum(0) - hz.sum() * total) / (total * (n * (hz**2).sum() - hz.sum() ** 2))
    hz = hz[:, 0]
    bark = 13 * np.arctan(hz / 1315.8) + 3.5 * np.arctan((hz / 7518) ** 2)
    band = np.minimum(np.searchsorted(np.arange(1, 25) * bark[-1] / 24, bark - 1e-6), 23)
    band[-1] = -1  # meyda leaves the last bin out
    specific = np.array([magnitude[band == b].sum(0) ** 0.23 for b in range(24)])
    loudness = specific.sum(0)
    z = np.arange(1, 25)[:, None]
    g = np.where(z < 15, 1, 0.066 * np.exp(0.171 * z))
    return {
        "skewness": moment(3) / moment(2) ** 1.5,
        "kurtosis": moment(4) / moment(2) ** 2,
        "slope": slope,
        "crest": magnitude.max(0) / np.sqrt((magnitude**2).mean(0)),
        "loudness": loudness,
        "spread": ((loudness - specific.max(0)) / loudness) ** 2,
        "sharpness": 0.11 * (z * g * specific).sum(0) / loudness,
    }


y = beat(8, BPM).astype(np.float64)
sr = SAMPLE_RATE
onsets = lambda **options: librosa.onset.onset_strength(y=y, sr=sr, **options)
curve = onsets()
tempo = lambda **options: librosa.feature.tempo(onset_envelope=curve, sr=sr, **options)
golden = {
    "onsets": curve,
    "onsets_lag": onsets(lag=2, max_size=3),
    "onsets_even": onsets(max_size=4),
    "onsets_detrend": onsets(detrend=True, n_fft=1024, hop_length=256, n_mels=40),
    "onsets_left": onsets(center=False, n_fft=512),
    "tempogram": librosa.feature.tempogram(onset_envelope=curve, sr=sr, win_length=31)[:, ::5],
    "tempogram_even": librosa.feature.tempogram(onset_envelope=curve[:60], sr=sr, win_length=40)[:, ::5],
    "tempos": np.concatenate(
        [tempo(), tempo(start_bpm=60), tempo(start_bpm=240, std_bpm=0.5), tempo(max_tempo=100), tempo(ac_size=4)]
        + [
            librosa.feature.tempo(y=beat(10, bpm).astype(np.float64), sr=sr)
            for bpm in (60, 75, 90, 110, 140, 170, 200)
        ]
    ),
    **frames_of(y),
}
out = pathlib.Path(__file__).parent.parent / "audio" / "onsets.json"
out.write_text(json.dumps({name: pack(array) for name, array in golden.items()}, indent=0) + "\n")
print(out, out.stat().st_size, "bytes", golden["tempos"])
