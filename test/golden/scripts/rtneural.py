#!/usr/bin/env python3
"""Run the golden RTNeural files in RTNeural itself and store what it answers.

    python rtneural.py RTNEURAL_CHECKOUT [COMMIT, where the checkout is not a git repository]

Compiles a loader against the checkout (STL backend, float, json_parser::parseJson), feeds it the inputs of every
test/golden/rtneural/<name>.probe.json and writes test/golden/rtneural/accepted.json:
{"reader", "cases": {name: {"sha256" of <name>.json, "y"}}}, y with the shape of the probe's y.
The files themselves come from `npx vitest run test/exporters/golden.test.ts -u`. Needs a C++17 compiler as `c++`.
"""
import hashlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path

LOADER = r'''
#include <RTNeural/RTNeural.h>
#include <iostream>
#include <sstream>
int main(int, char** argv)
{
    std::ifstream file(argv[1], std::ifstream::binary);
    auto model = RTNeural::json_parser::parseJson<float>(file, false);
    if(!model) return 3;
    model->reset();
    std::cout.precision(9);
    alignas(16) float x[1024] = {};
    for(std::string line; std::getline(std::cin, line);)
    {
        if(line == "reset") { model->reset(); continue; }
        std::istringstream numbers(line);
        for(int i = 0; numbers >> x[i]; ++i) {}
        model->forward(x);
        for(int i = 0; i < model->getOutSize(); ++i) std::cout << model->getOutputs()[i] << ' ';
        std::cout << '\n';
    }
}
'''


def compile_loader(checkout, folder):
    source, program = Path(folder, 'loader.cpp'), Path(folder, 'loader')
    source.write_text(LOADER)
    flags = ['-DRTNEURAL_USE_STL=1', '-DRTNEURAL_DEFAULT_ALIGNMENT=16', '-DRTNEURAL_NAMESPACE=RTNeural']
    subprocess.run(['c++', '-O2', '-std=c++17', *flags, f'-I{checkout}', str(source), '-o', str(program)], check=True)
    return program


def answers(program, model, probe):
    x = probe['x'][0]
    width, steps = x['shape'][-1], x['shape'][1] if len(x['shape']) == 3 else 1
    kept = probe['y']['shape'][1] if len(probe['y']['shape']) == 3 else 1
    lines = []
    for start in range(0, len(x['data']), width):
        lines.append(' '.join(map(repr, x['data'][start:start + width])))
        if (start // width + 1) % steps == 0:
            lines.append('reset')
    done = subprocess.run([str(program), str(model)], input='\n'.join(lines) + '\n', capture_output=True, text=True, check=True)
    rows = [[float(v) for v in line.split()] for line in done.stdout.splitlines()]
    return [value for i, row in enumerate(rows) if i % steps >= steps - kept for value in row]


def main():
    checkout = Path(sys.argv[1]).resolve()
    commit = subprocess.run(['git', '-C', str(checkout), 'rev-parse', '--short=7', 'HEAD'], capture_output=True, text=True).stdout.strip()
    folder = Path(__file__).resolve().parent.parent / 'rtneural'
    cases = {}
    with tempfile.TemporaryDirectory() as temp:
        program = compile_loader(checkout, temp)
        for probe_file in sorted(folder.glob('*.probe.json')):
            name = probe_file.name.removesuffix('.probe.json')
            model = folder / f'{name}.json'
            y = answers(program, model, json.loads(probe_file.read_text()))
            cases[name] = {'sha256': hashlib.sha256(model.read_bytes()).hexdigest(), 'y': y}
    lines = [f'  {json.dumps(name)}: {json.dumps(case)}' for name, case in cases.items()]
    reader = f'RTNeural {commit or sys.argv[2]}, STL backend'
    text = f'{{"reader": {json.dumps(reader)}, "cases": {{\n' + ',\n'.join(lines) + '\n}}\n'
    (folder / 'accepted.json').write_text(text)
    print(f'{len(cases)} files accepted by {reader}')


main()
