# torchaudio's log-mel as a peer of the bench `features`: `mel SECONDS N_FFT` a line, answered by the seconds of one go.
import json
import sys
import time

import soundfile
import torch
import torchaudio

torch.set_num_threads(1)
folder = sys.argv[1]
signals, transforms = {}, {}

for line in sys.stdin:
    _, seconds, n_fft = line.split()
    if seconds not in signals:
        signals[seconds] = torch.from_numpy(soundfile.read(f'{folder}/mono{seconds}.wav', dtype='float32')[0])
    if n_fft not in transforms:
        size = int(n_fft)
        transforms[n_fft] = torch.nn.Sequential(
            torchaudio.transforms.MelSpectrogram(16000, size, hop_length=size // 4, n_mels=128),
            torchaudio.transforms.AmplitudeToDB(top_db=80),
        )
        transforms[n_fft](signals[seconds])
    start = time.perf_counter()
    with torch.inference_mode():
        transforms[n_fft](signals[seconds])
    print(json.dumps({'seconds': time.perf_counter() - start}), flush=True)
