/** The words of `--help`. */

export const MAIN_HELP = `kpipe: from folders of MIDI and audio to validated, trained, evaluated, exported and registered models

  kpipe run [pipeline] [stage…]     run what changed, and say why
  kpipe status [pipeline]           what a run would do
  kpipe attach [run]                look at a run from another terminal
  kpipe why <stage>                 why a stage is stale, or why it ran last
  kpipe list [what]                 pipelines, stages, models, kinds, formats, datasets
  kpipe show <stage>                everything about one stage
  kpipe data <verb> [data]          data sets and folders of music: list, show, stats, sample
  kpipe runs [run|pipeline]         the history: params, outcomes, times, metrics
  kpipe diff [A] [B]                params, causes and metrics of two runs
  kpipe report [run|pipeline]       one HTML file with pictures, sounds and figures
  kpipe graph [pipeline]            stages and what needs what: terminal, mermaid, dot, svg
  kpipe registry [check|set]        the versions of every model, and which is in production
  kpipe verify <stage>              run it again in scratch and compare
  kpipe gc                          what the cache could give back (nothing is deleted without --apply)
  kpipe init [folder]               make a folder that runs
  kpipe doctor                      is all well on this machine and in this project?
  kpipe import <file>               a pipeline from dvc.yaml, configs from training_config.json
  kpipe completion <shell>          completion for bash, zsh or fish

  kpipe help <command>              more, with examples

Exit codes: 0 ok, 1 a stage failed, 2 wrong command line or pipeline, 130 stopped by ctrl-c.
`

const HELP: Readonly<Record<string, string>> = {
  run: `kpipe run [pipeline|pipeline.yaml] [stage|group…]

Runs the stages whose inputs, options or code changed, and those after them whose inputs then differ.
Without a pipeline: pipelines/default.yaml, pipelines/kelly.yaml or the only one there is.

  -s, --set a.b=1      change a param (or stages.NAME.with.KEY, configs.NAME.KEY) for this run; may be repeated
  -n, --dry-run        only say what would run, and why
  -f, --force          run even what is fresh (the named stages, or all), from nothing: no stored item or checkpoint is used
      --only           just the named stages, not what they need
      --from STAGE     this stage and all after it
  -j, --jobs N         at most N stages at once (default: cores)
  -k, --keep-going     after a failure go on with what does not depend on it
  -q, --quiet          only the summary
      --json           events as JSON lines on stdout
      --reporter NAME  dashboard (the default on a terminal), plain or json
  -w, --watch          run again whenever a pipeline, a config, the code or the data changes

  kpipe run                                          the default pipeline
  kpipe run kelly --set data=../my-data              your own folder in the Kelly layout
  kpipe run kelly train@groove_predictor             one stage and what it needs
  kpipe run --watch                                  keep the models up to date while you work
  kpipe run --set configs.emotion_recognizer.learning_rate=0.0005
`,
  attach: `kpipe attach [run]

Shows a run from another terminal, as its dashboard does, and changes nothing: the newest run, or the one named.
A finished run can be looked at in the same way. Piped, it prints one line an event.

      --reporter NAME  dashboard (the default on a terminal), plain or json

  kpipe attach                                       the run that works now, or the last one
  kpipe attach 20261121-0719                         by the beginning of its id
  kpipe attach --reporter plain | tee run.txt
`,
  status: `kpipe status [pipeline] [stage…]

  -s, --set a.b=1      as for run
      --check          exit code 3 if anything is stale
      --json           the same as JSON

  kpipe status                                       what a run of the default pipeline would do, and how long it would take
  kpipe status kelly --set epochs=80                 what that change would cost
  kpipe status --check || kpipe run                  in a script: run only where something changed
`,
  why: `kpipe why [pipeline] <stage|group…>

Compares what was hashed when the stage last ran with what is there now, in words.

  -s, --set a.b=1      as for run
      --json           the same as JSON

  kpipe why train@emotion_recognizer                 the option, file or label that changed
  kpipe why train --set epochs=80                    what that change would set going
`,
  list: `kpipe list [pipelines|stages|models|kinds|formats|datasets]

What there is to name in a pipeline and on the command line; without a word, all of it.

  -s, --set a.b=1      as for run, for \`list stages\`
      --json           the same as JSON

  kpipe list models                                  models with their sizes
  kpipe list stages kelly                            every stage of one pipeline
`,
  data: `kpipe data list|show|stats|sample [name|folder]

Data sets that kpipe knows by name, and folders of music as they lie. Nothing is downloaded or changed.
  list [folder…]       the catalogue and what of it is at hand; of a folder: the sets in it
  show <name|folder>   layout, licence, citation, labels, split, what is odd, which models it can serve
  stats <name|folder>  every file decoded: lengths, note density, pitches, labels, class balance
  sample <name|folder> a few items drawn by seed, with labels and a sketch

  -n, --items 3        sample: items of each room
      --seed 42        sample: another seed draws others
      --room NAME      stats, sample: audio, midi, chords or drums alone
      --json           the same as JSON

  kpipe data list                                    names, sizes and licences
  kpipe data show maestro                            what to know before it is used
  kpipe data stats ../my-data                        is there enough of everything?
  kpipe data sample ../my-data --room midi -n 5      look at five of its files
`,
  show: `kpipe show [pipeline] <stage|group…>

Everything about a stage: options, inputs, outputs, key, last result with its metrics.

  -s, --set a.b=1      as for run
      --json           the same as JSON

  kpipe show train@groove_predictor                  its options, metrics, and where its output is
  kpipe show evaluate --json                         the figures of all models, for a script
`,
  runs: `kpipe runs [run|pipeline]

The runs of this project, newest first; with a run's id, the beginning or the end of one, or last, last~1 …: all about that run.

  -m, --metric NAME    a column: stage:metric, or a metric of every stage that has it; may be repeated
      --limit 20       at most so many runs
      --json

  kpipe runs
  kpipe runs kelly --metric train@groove_predictor:val_loss --metric evaluate@groove_predictor:latency.p99_ms
  kpipe runs last
`,
  diff: `kpipe diff [A] [B]

Compares two runs: params, what was changed (options, code, data: which rows, which files) and every metric that moved.
Without names: the newest run of a pipeline and the one before it; with one name: that run and the newest.

      --json

  kpipe diff
  kpipe diff last~2 last
  kpipe diff 20261121-0801 20261121-0803
`,
  report: `kpipe report [run|pipeline]

Writes one HTML file that needs no network: the graph of stages, training curves, predictions, latency, data, exports.
Without a name: the default pipeline as its results stand now.

  -o, --output FILE    default: reports/NAME.html in the project
  -s, --set a.b=1      as for run

  kpipe report
  kpipe report last -o report.html
`,
  graph: `kpipe graph [pipeline] [stage…]

The stages, what needs what, and how long each took last. Dependencies that follow from others are not drawn, and a foreach of
more than 12 is one node.

      --format NAME    text, mermaid, dot or svg
  -o, --output FILE    default: stdout
  -a, --all            every dependency and every stage
  -s, --set a.b=1      as for run

  kpipe graph
  kpipe graph kelly --format svg -o kelly.svg
  kpipe graph --format mermaid train@groove_predictor
`,
  registry: `kpipe registry [check]
kpipe registry set <model> <status>

The models that were registered, with every version. \`check\` asks whether the listed files are there as they were registered
(exit code 1 if not). \`set\` gives the newest listed version another status: trained, production, deprecated, training or stub;
a version that was in production before steps back to deprecated.

      --version N      that version instead of the newest
      --file PATH      a registry.json, or the folder it lies in (default: where the project's pipelines register)
      --json           the same as JSON

  kpipe registry                                     which versions there are
  kpipe registry set groovepredictor production      the one that is shipped
  kpipe registry check                               before a release
`,
  verify: `kpipe verify [pipeline] <stage…>

Runs the stage again in a scratch folder, items and checkpoints included, and compares with the stored result:
equal, within tolerance, or different (exit code 1).

      --tolerance 1e-6  largest difference of numbers in .json, .csv, .npy and .safetensors that still counts as the same
  -s, --set a.b=1      as for run
      --json           the same as JSON

  kpipe verify train@groove_predictor                does training give the same weights again?
  kpipe verify featurize --tolerance 1e-5            on another machine
`,
  gc: `kpipe gc

Lists what can be deleted from cache/: results that no current pipeline, registry entry or recent run needs.

      --budget 5G      delete oldest first until the cache is this small
      --max-age 30d    delete what was not used for so long
      --apply          really delete
      --json           the same as JSON

  kpipe gc                                           look only
  kpipe gc --max-age 30d --apply                     delete what nobody asked for in a month
  kpipe gc --budget 5G --apply                       oldest first, until 5 GB are left
`,
  init: `kpipe init [folder]

Makes a folder that runs: a pipeline, its model configs, schemas for your editor, .gitignore. Overwrites nothing.
Without a folder: here.

  -t, --template NAME  kelly, any other pipeline that kpipe ships, or blank (two shell commands to start from)
      --schemas        only write schemas/ anew, after an update of kpipe
      --json           the files and the next commands as JSON

  kpipe init my-models                               the five Kelly models, on music that kpipe composes
  kpipe init my-project --template blank             shell commands of your own
`,
  doctor: `kpipe doctor

Looks at Node, the installed packages, training engines, audio codecs, disk, pipelines and their data, and the cache.
One line each, ok, warn or bad, with the command that mends it. Exit code 1 if something is bad.

      --deep           read every stored file, not a sample
      --fix            remove damaged files from the cache; the next run makes them anew
      --json           the same as JSON

  kpipe doctor                                       is all well?
  kpipe doctor --deep --fix                          after a full disk or a crash of the machine
`,
  import: `kpipe import <dvc.yaml|training_config.json>

From dvc.yaml: pipelines/NAME.yaml with cmd, wdir, deps, outs, params, metrics, foreach, matrix and vars. What kpipe cannot
say is told by line and stands as a comment in the new file.
From a Kelly training_config.json: configs/*.yaml with what differs from the models' defaults, and the --set for the rest.

      --name NAME      name of the pipeline (default: the folder's)
  -n, --dry-run        print what would be written
  -f, --force          replace files that are there
      --json           the files and remarks as JSON

  kpipe import dvc.yaml                              the pipeline of a DVC project
  kpipe import dvc.yaml --dry-run > draft.yaml       look at it first
  kpipe import configs/training_config.json          the settings of the old training scripts
`,
  completion: `kpipe completion bash|zsh|fish

Prints a script that completes commands, options, pipelines, stages and params at the tab key. Where it goes:
  bash                 in ~/.bashrc:  eval "$(kpipe completion bash)"
  zsh                  in ~/.zshrc, after compinit:  eval "$(kpipe completion zsh)"
  fish                 in ~/.config/fish/config.fish:  kpipe completion fish | source

  kpipe completion bash                              print the script for bash
`,
  job: `kpipe job <job.json>

Runs one job description and prints its outcome as JSON: what an executor on another machine calls.

  kpipe job cache/tmp/job.json                       a job that an executor wrote
`,
}

/** '' where there is no such command. */
export const helpFor = (command: string): string => (Object.hasOwn(HELP, command) ? HELP[command]! : '')
