/* The scripts that make a shell call `allora __complete`.  They hold no names: what there is to
 * complete is asked for each time. */
#include "base/err.h"
#include "base/str.h"
#include "cli/cli.h"

static const char BASH[] =
    "# bash completion for allora; put  source <(allora completion bash)  into ~/.bashrc\n"
    "_allora() {\n"
    "    local line value files=\n"
    "    COMPREPLY=()\n"
    "    while IFS= read -r line; do\n"
    "        if [[ $line == :files ]]; then\n"
    "            files=1\n"
    "            continue\n"
    "        fi\n"
    "        value=${line%%$'\\t'*}\n"
    "        COMPREPLY+=(\"$(printf '%q' \"$value\")\")\n"
    "    done < <(\"${COMP_WORDS[0]}\" __complete bash \"$((COMP_CWORD - 1))\" "
    "\"${COMP_WORDS[@]:1}\" 2>/dev/null)\n"
    "    if [[ -n $files ]]; then\n"
    "        local cur=${COMP_WORDS[COMP_CWORD]}\n"
    "        [[ $cur == '=' ]] && cur=\n"
    "        compopt -o filenames 2>/dev/null\n"
    "        while IFS= read -r line; do\n"
    "            COMPREPLY+=(\"$line\")\n"
    "        done < <(compgen -f -- \"$cur\")\n"
    "    fi\n"
    "    return 0\n"
    "}\n"
    "complete -F _allora allora\n";

static const char ZSH[] = "#compdef allora\n"
                          "# zsh completion for allora; put  source <(allora completion zsh)  into "
                          "~/.zshrc, behind compinit\n"
                          "_allora() {\n"
                          "    local line value help files=\n"
                          "    local -a found\n"
                          "    while IFS= read -r line; do\n"
                          "        if [[ $line == :files ]]; then\n"
                          "            files=1\n"
                          "            continue\n"
                          "        fi\n"
                          "        value=${line%%$'\\t'*}\n"
                          "        help=\n"
                          "        [[ $line == *$'\\t'* ]] && help=${line#*$'\\t'}\n"
                          "        found+=(\"${value//:/\\\\:}${help:+:$help}\")\n"
                          "    done < <(\"${(Q)words[1]}\" __complete zsh \"$((CURRENT - 2))\" "
                          "\"${(@Q)words[2,CURRENT]}\" 2>/dev/null)\n"
                          "    (( ${#found} )) && _describe -t values allora found\n"
                          "    [[ -n $files ]] && _files\n"
                          "    return 0\n"
                          "}\n"
                          "if [[ $zsh_eval_context[-1] == loadautofunc ]]; then\n"
                          "    _allora \"$@\"\n"
                          "else\n"
                          "    compdef _allora allora\n"
                          "fi\n";

static const char FISH[] =
    "# fish completion for allora; put  allora completion fish | source  into "
    "~/.config/fish/config.fish\n"
    "function __allora_complete\n"
    "    set -l words (commandline -opc)\n"
    "    set -l current (commandline -ct)\n"
    "    set -l program $words[1]\n"
    "    set -e words[1]\n"
    "    for line in ($program __complete fish (count $words) $words \"$current\" 2>/dev/null)\n"
    "        if test \"$line\" = ':files'\n"
    "            __fish_complete_path \"$current\"\n"
    "        else\n"
    "            printf '%s\\n' $line\n"
    "        end\n"
    "    end\n"
    "end\n"
    "complete -c allora -f -a '(__allora_complete)'\n";

int completion_script_run(struct cli *c, const char *shell)
{
    const char *text = streq(shell, "bash") ? BASH : streq(shell, "zsh") ? ZSH : FISH;
    return cli_print(c, text, strlen(text), false);
}
