# The peers of the bench `features`: librosa with soundfile and soxr, pretty_midi, mido and symusic. A question a line,
# answered by the seconds that one go took. `material` writes what both sides read.
import json
import os
import sys
import time

import librosa
import numpy as np
import soundfile

folder = sys.argv[1]
RATE = 16000
CLIPS = 100
signals = {}


def music(seconds, rate, seed):
    """A dozen partials with beats and some noise, so that codecs have work to do."""
    rng = np.random.default_rng(seed)
    t = np.arange(int(seconds * rate)) / rate
    tones = sum(
        0.08 * np.sin(2 * np.pi * f * t * (1 + 0.003 * np.sin(t * k))) * np.clip(np.sin(t * (1 + k) + seed), 0, 1)
        for k, f in enumerate((110, 220, 331, 443, 660, 881, 1320, 1761, 2640, 3520, 5000, 7000))
    )
    return (tones + 0.02 * rng.standard_normal(len(t)) * (np.sin(8 * t) > 0.9)).astype(np.float32)


def material():
    for seconds in (5, 60):
        soundfile.write(f'{folder}/mono{seconds}.wav', music(seconds, RATE, seconds), RATE, subtype='PCM_16')
    os.makedirs(f'{folder}/clips', exist_ok=True)
    for i in range(CLIPS):
        soundfile.write(f'{folder}/clips/{i}.wav', music(5, RATE, i), RATE, subtype='PCM_16')
    for name, seconds in (('song', 60), ('clip', 5)):
        left = music(seconds, 44100, 1)
        stereo = np.stack([left, 0.8 * np.roll(left, 300)], 1)
        for kind in ('mp3', 'wav', 'flac'):
            soundfile.write(f'{folder}/{name}.{kind}', stereo, 44100)
    songs()
    return 0


def songs():
    """Thirty songs of three tracks, for machines without the shared data."""
    import mido

    os.makedirs(f'{folder}/midi', exist_ok=True)
    for i in range(30):
        rng = np.random.default_rng(i)
        midi = mido.MidiFile(ticks_per_beat=480)
        for channel in range(3):
            track = mido.MidiTrack()
            midi.tracks.append(track)
            for _ in range(600):
                pitch = int(rng.integers(36, 90))
                track.append(mido.Message('note_on', channel=channel, note=pitch, velocity=80, time=60))
                track.append(mido.Message('note_off', channel=channel, note=pitch, velocity=0, time=120))
        midi.save(f'{folder}/midi/{i}.mid')


def log_mel(y, n_fft):
    hop = n_fft // 4
    return librosa.power_to_db(
        librosa.feature.melspectrogram(y=y, sr=RATE, n_fft=n_fft, hop_length=hop, n_mels=128)
    )


def mel(seconds, n_fft):
    if seconds not in signals:
        signals[seconds] = soundfile.read(f'{folder}/mono{seconds}.wav', dtype='float32')[0]
        log_mel(signals[seconds], int(n_fft))
    return timed(lambda: log_mel(signals[seconds], int(n_fft)))


def file(name):
    return timed(lambda: log_mel(librosa.load(f'{folder}/{name}', sr=RATE)[0], 2048))


def midi(tool, where):
    paths = sorted(os.path.join(at, name) for at, _, names in os.walk(where) for name in names if name.endswith('.mid'))
    if tool != 'symusic':
        paths = paths[:40]
    return timed(lambda: [READERS[tool](path) for path in paths]) / len(paths)


def symusic_notes(path):
    from symusic import Score

    return [track.notes.numpy() for track in Score(path, ttype='second').tracks]


def mido_notes(path):
    import mido

    now, open_notes, notes = 0.0, {}, []
    for message in mido.MidiFile(path):
        now += message.time
        if message.type == 'note_on' and message.velocity > 0:
            open_notes.setdefault((message.channel, message.note), []).append((now, message.velocity))
        elif message.type in ('note_on', 'note_off') and open_notes.get((message.channel, message.note)):
            start, velocity = open_notes[message.channel, message.note].pop(0)
            notes.append((start, now, message.note, velocity))
    return np.array(notes)


def pretty_notes(path):
    import pretty_midi

    midi = pretty_midi.PrettyMIDI(path)
    return [np.array([(n.start, n.end, n.pitch, n.velocity) for n in i.notes]) for i in midi.instruments]


READERS = {'symusic': symusic_notes, 'mido': mido_notes, 'pretty_midi': pretty_notes}


def timed(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


TASKS = {'material': material, 'mel': mel, 'file': file, 'midi': midi}
for line in sys.stdin:
    name, *arguments = line.split()
    print(json.dumps({'seconds': TASKS[name](*arguments)}), flush=True)
