// The one door to every measurement: `npm run bench -- NAME [--json]`. A bench is a file here that exports
// `run(tools)` and gives rows { case, ours, peer, unit, goal, better: 'less' | 'more' }; ratio = how many times better we are.
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { tools } from './tools.mjs'

const folder = fileURLToPath(new URL('.', import.meta.url))
const names = readdirSync(folder)
  .filter((name) => name.endsWith('.bench.mjs'))
  .map((name) => name.replace('.bench.mjs', ''))
  .sort()
const args = process.argv.slice(2)
const json = args.includes('--json')
const [name, ...rest] = args.filter((arg) => arg !== '--json')

if (!names.includes(name)) {
  console.error(`which bench? npm run bench -- NAME [case…] [--json]\n\n  ${names.join('\n  ')}`)
  process.exit(2)
}

const { run } = await import(`./${name}.bench.mjs`)
const rows = (await run(await tools(name, rest))).map(({ better, ...row }) => {
  const ratio = better === 'more' ? row.ours / row.peer : row.peer / row.ours
  return {
    bench: name,
    case: row.case,
    ours: round(row.ours),
    peer: round(row.peer),
    unit: row.unit,
    ratio: round(ratio),
    goal: row.goal,
    ...(row.note ? { note: row.note } : {}),
  }
})
if (json) console.log(JSON.stringify(rows, null, 2))
else console.table(rows)

function round(value) {
  return Number(value.toPrecision(4))
}
