"""Golden numbers of test/audio/librosa.test.ts: features of a signal that the test makes again from its formula.

    pip install librosa==0.11.0 soxr==1.1.0
    python test/golden/scripts/audio_features.py

The signal is handed over in float64, so that librosa's own float32 rounding is not part of the comparison.
"""
import base64
import json
import pathlib

import librosa
import numpy as np
import soxr

SAMPLE_RATE = 16000


def noise(count, seed):
    """Linear congruential, modulo 2^32; the same integers in any language."""
    state, out = seed, np.empty(count)
    for i in range(count):
        state = (state * 1664525 + 1013904223) % 2**32
        out[i] = state / 2**32 - 0.5
    return out


def signal(count):
    """Two tones and noise, float32; the last quarter is 80 dB softer, so that top_db has something to limit."""
    t = np.arange(count) / SAMPLE_RATE
    tones = 0.5 * np.sin(2 * np.pi * 221 * t) + 0.25 * np.sin(2 * np.pi * 884.7 * t)
    level = np.where(np.arange(count) < 0.75 * count, 1, 1e-4)
    return (level * (tones + 0.1 * noise(count, 1))).astype(np.float32)


def pack(array):
    array = np.atleast_2d(np.asarray(array, dtype="<f4"))
    return {"shape": list(array.shape), "data": base64.b64encode(array.tobytes()).decode()}


y = signal(8000).astype(np.float64)
sr = SAMPLE_RATE
f = librosa.feature
mel = lambda **options: f.melspectrogram(y=y, sr=sr, **options)
log = lambda **options: librosa.power_to_db(mel(**options))
mfcc = f.mfcc(y=y, sr=sr)
t = np.arange(16000) / sr
tones = sum(0.2 * np.sin(2 * np.pi * hz * t) for hz in (221, 884.7, 3001, 4900)).astype(np.float32).astype(np.float64)
golden = {
    "stft_re": librosa.stft(y[:3000], n_fft=256, hop_length=300).real,
    "stft_im": librosa.stft(y[:3000], n_fft=256, hop_length=300).imag,
    "stft_win": np.abs(librosa.stft(y[:3000], n_fft=256, hop_length=300, win_length=200)) ** 2,
    "mel_2048": mel(),
    "mel_512": mel(n_fft=512),
    "mel_1024_range": mel(n_fft=1024, hop_length=400, n_mels=40, fmin=50, fmax=7000),
    "mel_htk": mel(n_fft=1024, n_mels=64, htk=True, norm=None),
    "mel_magnitude": mel(n_fft=512, power=1.0, center=False, n_mels=32),
    "log_2048": log(),
    "log_512": log(n_fft=512, hop_length=500),
    "log_max": librosa.power_to_db(mel(n_fft=1024, n_mels=40), ref=np.max, top_db=60),
    "log_unlimited": librosa.power_to_db(mel(n_fft=1024, n_mels=40), amin=1e-7, top_db=None),
    "mfcc": mfcc,
    "mfcc_13_lifter": f.mfcc(y=y, sr=sr, n_mfcc=13, lifter=22, n_fft=512, n_mels=40),
    "delta": f.delta(mfcc),
    "delta_2": f.delta(mfcc, order=2, width=7),
    "chroma": f.chroma_stft(y=y, sr=sr),
    "chroma_fixed": f.chroma_stft(y=y, sr=sr, tuning=0.1),
    "tuning": [librosa.estimate_tuning(y=y, sr=sr)],
    "centroid": f.spectral_centroid(y=y, sr=sr),
    "bandwidth": f.spectral_bandwidth(y=y, sr=sr),
    "rolloff": f.spectral_rolloff(y=y, sr=sr),
    "flatness": f.spectral_flatness(y=y),
    "rms": f.rms(y=y),
    "zcr": f.zero_crossing_rate(y),
    "rms_hop": f.rms(y=y, frame_length=1000, hop_length=300, center=False),
    "zcr_hop": f.zero_crossing_rate(y, frame_length=1001, hop_length=300),
    "soxr_vhq_44100": soxr.resample(tones, 16000, 44100, "VHQ")[20000:20500],
    "soxr_vhq_11025": soxr.resample(tones, 16000, 11025, "VHQ")[5000:5500],
}
out = pathlib.Path(__file__).parent.parent / "audio" / "features.json"
out.parent.mkdir(exist_ok=True)
out.write_text(json.dumps({name: pack(array) for name, array in golden.items()}, indent=0) + "\n")
print(out, out.stat().st_size, "bytes")
