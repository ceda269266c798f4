"""Golden spectrograms of test/audio/augment.test.ts: librosa.effects on a made-up melody.

    pip install librosa==0.11.0
    python test/golden/scripts/audio_effects.py
"""
import base64
import json
import pathlib

import librosa
import numpy as np

SAMPLE_RATE = 16000


def melody(count):
    """Four plucked notes of five harmonics, a quarter of a second each; `melody` of augment.test.ts."""
    i = np.arange(count)
    note = i // 4000
    since = (i % 4000) / SAMPLE_RATE
    pitch = 220 * 2 ** (np.array([0, 4, 7, 12])[note % 4] / 12)
    out = np.zeros(count)
    for harmonic in range(1, 6):
        out += np.exp(-6 * harmonic * since) / harmonic * np.sin(2 * np.pi * pitch * harmonic * since)
    return (0.3 * out).astype(np.float32)


def log_mel(y):
    mel = librosa.feature.melspectrogram(y=y, sr=SAMPLE_RATE, n_fft=1024, hop_length=512, n_mels=40)
    return librosa.power_to_db(mel, ref=np.max, top_db=60)


def pack(array):
    array = np.asarray(array, dtype="<f4")
    return {"shape": list(array.shape), "data": base64.b64encode(array.tobytes()).decode()}


y = melody(16000)
golden = {f"pitch{n:+d}": log_mel(librosa.effects.pitch_shift(y, sr=SAMPLE_RATE, n_steps=n)) for n in (-2, 3)}
golden |= {f"rate{rate}": log_mel(librosa.effects.time_stretch(y, rate=rate)) for rate in (0.9, 1.25)}
golden["melody"] = log_mel(y)
out = pathlib.Path(__file__).parent.parent / "audio" / "effects.json"
out.write_text(json.dumps({name: pack(array) for name, array in golden.items()}, indent=0) + "\n")
print(out.stat().st_size, "bytes")
