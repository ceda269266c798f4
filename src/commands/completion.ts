/** `kpipe completion bash|zsh|fish`: a script for the shell, which asks `kpipe __complete` for the names as you type. */
import type { Io } from '../io.ts'
import { UserError } from '../lib/errors.ts'

/** Each passes the words typed so far, the one under the cursor last, and offers the lines that come back. */
const SCRIPTS: Readonly<Record<string, string>> = {
  bash: `# kpipe completion for bash. In ~/.bashrc:  eval "$(kpipe completion bash)"
_kpipe() {
  local IFS=$' \\t\\n' line="\${COMP_LINE:0:COMP_POINT}" words
  read -ra words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=("")
  IFS=$'\\n'
  COMPREPLY=($("\${words[0]}" __complete "\${words[@]:1}" 2>/dev/null | cut -f1))
  [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == *[=.] ]] && compopt -o nospace 2>/dev/null
  return 0
}
# Stages of a foreach are called train@item: one word for kpipe, so one for bash as well.
COMP_WORDBREAKS="\${COMP_WORDBREAKS//@/}"
complete -o default -F _kpipe kpipe
`,
  zsh: `#compdef kpipe
# kpipe completion for zsh. In ~/.zshrc, after compinit:  eval "$(kpipe completion zsh)"
_kpipe() {
  local -a whole open words_so_far
  local word about
  words_so_far=("\${(@)words[2,CURRENT]}")
  while IFS=$'\\t' read -r word about; do
    [[ -z $word ]] && continue
    # Where a value follows, no space comes between.
    if [[ $word == *[=.] ]]; then
      open+=("\${word//:/\\\\:}\${about:+:$about}")
    else
      whole+=("\${word//:/\\\\:}\${about:+:$about}")
    fi
  done < <("\${words[1]}" __complete "\${words_so_far[@]}" 2>/dev/null)
  (( \${#whole} + \${#open} )) || { _files; return }
  (( \${#whole} )) && _describe kpipe whole
  (( \${#open} )) && _describe kpipe open -S ''
  return 0
}
(( $+functions[compdef] )) && compdef _kpipe kpipe
`,
  fish: `# kpipe completion for fish. In ~/.config/fish/config.fish:  kpipe completion fish | source
function __kpipe_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l offers ($words[1] __complete $words[2..-1] 2>/dev/null)
    if test (count $offers) -gt 0
        printf '%s\\n' $offers
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c kpipe -f -a '(__kpipe_complete)'
`,
}

export function completionCommand(words: readonly string[], io: Io): number {
  const [shell] = words
  const script = shell !== undefined && Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell] : undefined
  if (script === undefined)
    throw new UserError(shell === undefined ? 'which shell?' : `there is no completion for ${shell}`, {
      hint: 'kpipe completion bash, zsh or fish; kpipe completion --help says where the script goes',
      exitCode: 2,
    })
  io.out(script)
  return 0
}
