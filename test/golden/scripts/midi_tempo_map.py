"""Writes test/golden/midi-tempo-map.json: MIDI files made here with mido, and what pretty_midi reads from them.

pip install mido==1.3.3 pretty_midi==0.2.11; python test/golden/scripts/midi_tempo_map.py
The notes of one pitch never overlap, as pretty_midi pairs such notes differently (one note-off ends all of them).
"""
import base64
import io
import json
import pathlib
import random

import mido
import pretty_midi

KEYS = ["C", "Am", "F#m", "Eb", "C#m", "Gb", "Bbm", "G", "Dm", "Cb", "A#m"]


def make(rng, ppq, tempo_count, tracks):
    midi = mido.MidiFile(type=1, ticks_per_beat=ppq)
    conductor = []
    tick = 0
    for i in range(tempo_count):
        conductor.append((tick, mido.MetaMessage("set_tempo", tempo=rng.randrange(200_000, 1_500_000))))
        tick += rng.randrange(1, 6 * ppq)
    for i in range(3):
        at = i * 8 * ppq
        conductor.append((at, mido.MetaMessage("time_signature", numerator=rng.choice([2, 3, 4, 5, 6, 7]), denominator=rng.choice([2, 4, 8]))))
        conductor.append((at, mido.MetaMessage("key_signature", key=rng.choice(KEYS))))
    midi.tracks.append(to_track(conductor))
    for t in range(tracks):
        channel = [0, 1, 9, 15][t % 4]
        events = [(0, mido.Message("program_change", channel=channel, program=rng.randrange(128)))]
        free = {}
        tick = 0
        for _ in range(25):
            tick += rng.randrange(0, ppq)
            pitch = rng.randrange(30, 90)
            start = max(tick, free.get(pitch, 0))
            end = start + rng.randrange(1, 5 * ppq)
            free[pitch] = end + 1
            events.append((start, mido.Message("note_on", channel=channel, note=pitch, velocity=rng.randrange(1, 128))))
            off = rng.random() < 0.5
            events.append((end, mido.Message("note_on" if off else "note_off", channel=channel, note=pitch, velocity=0)))
        midi.tracks.append(to_track(events))
    return midi


def to_track(events):
    track = mido.MidiTrack()
    now = 0
    for tick, message in sorted(events, key=lambda event: event[0]):
        track.append(message.copy(time=tick - now))
        now = tick
    return track


def golden(midi):
    data = io.BytesIO()
    midi.save(file=data)
    read = pretty_midi.PrettyMIDI(io.BytesIO(data.getvalue()))
    notes = [
        [note.start, note.end, note.pitch, note.velocity, int(instrument.is_drum), instrument.program]
        for instrument in read.instruments
        for note in instrument.notes
    ]
    times, bpm = read.get_tempo_changes()
    return {
        "midi": base64.b64encode(data.getvalue()).decode(),
        "notes": sorted(notes),
        "tempos": [list(pair) for pair in zip(times.tolist(), bpm.tolist())],
        "timeSignatures": [[s.time, s.numerator, s.denominator] for s in read.time_signature_changes],
        "keySignatures": [[k.time, k.key_number] for k in read.key_signature_changes],
        "endTime": max(note[1] for note in notes),
    }


if __name__ == "__main__":
    rng = random.Random(5)
    cases = [make(rng, 480, 1, 2), make(rng, 96, 12, 4), make(rng, 960, 40, 3), make(rng, 25, 5, 4)]
    out = pathlib.Path(__file__).parent.parent / "midi-tempo-map.json"
    out.write_text(json.dumps([golden(case) for case in cases], default=float) + "\n")
