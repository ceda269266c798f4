/** The words of `--help`. */

export const MAIN_HELP = `kpipe: from folders of MIDI and audio to validated, trained, evaluated, exported and registered models

  kpipe run [pipeline] [stage…]     run what changed, and say why
  kpipe status [pipeline]           what a run would do
  kpipe why <stage>                 why a stage is stale, or why it ran last
  kpipe list [what]                 pipelines, stages, models, kinds, formats, datasets
  kpipe show <stage>                everything about one stage
  kpipe verify <stage>              run it again in scratch and compare
  kpipe gc                          what the cache could give back (nothing is deleted without --apply)

  kpipe help <command>              more, with examples

Exit codes: 0 ok, 1 a stage failed, 2 wrong command line or pipeline, 130 stopped by ctrl-c.
`

const HELP: Readonly<Record<string, string>> = {
  run: `kpipe run [pipeline|pipeline.yaml] [stage|group…]

Runs the stages whose inputs, options or code changed, and those after them whose inputs then differ.
Without a pipeline: pipelines/default.yaml, pipelines/kelly.yaml or the only one there is.

  -s, --set a.b=1      change a param (or stages.NAME.with.KEY, configs.NAME.KEY) for this run; may be repeated
  -n, --dry-run        only say what would run, and why
  -f, --force          run even what is fresh (the named stages, or all)
      --only           just the named stages, not what they need
      --from STAGE     this stage and all after it
  -j, --jobs N         at most N stages at once (default: cores)
  -k, --keep-going     after a failure go on with what does not depend on it
  -q, --quiet          only the summary
      --json           events as JSON lines on stdout

  kpipe run                                          the default pipeline
  kpipe run kelly --set data=../my-data              your own folder in the Kelly layout
  kpipe run kelly train@groove_predictor             one stage and what it needs
  kpipe run --set configs.emotion_recognizer.learning_rate=0.0005
`,
  status: `kpipe status [pipeline] [stage…]

  -s, --set a.b=1      as for run
      --check          exit code 3 if anything is stale
      --json
`,
  why: `kpipe why [pipeline] <stage|group…>

Compares what was hashed when the stage last ran with what is there now, in words.

  kpipe why train@emotion_recognizer
`,
  list: `kpipe list [pipelines|stages|models|kinds|formats|datasets]   (no word: all)

      --json
`,
  show: `kpipe show [pipeline] <stage|group…>     options, inputs, outputs, last result

      --json
`,
  verify: `kpipe verify [pipeline] <stage…>

Runs the stage again in a scratch folder, items and checkpoints included, and compares with the stored result:
equal, within tolerance, or different (exit code 1).

      --tolerance 1e-6  largest difference of numbers in .json, .csv, .npy and .safetensors that still counts as the same
      --json
`,
  gc: `kpipe gc

Lists what can be deleted from cache/: results that no current pipeline, registry entry or recent run needs.

      --budget 5G      delete oldest first until the cache is this small
      --max-age 30d    delete what was not used for so long
      --apply          really delete
      --json
`,
  job: `kpipe job <job.json>     run one job description; what an executor on another machine calls
`,
}

export const helpFor = (command: string): string => HELP[command] ?? MAIN_HELP
