// `burrow completion`: what a shell asks when somebody presses tab. The scripts are thin; what may come next is
// answered here, from the one table of commands and flags, and names from the node that is meant, if it answers soon.
#include "node/cli_client.hpp"
#include "node/contexts.hpp"
#include "node/settings.hpp"
#include "node/text.hpp"
#include "node/top.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace burrow {
namespace {

constexpr double ask_s = 1;
constexpr std::string_view files_word = ":files"; ///< the shell completes files itself

// COMP_WORDBREAKS has = and :, which stand in our words.
constexpr std::string_view bash_script = R"(# bash completion of burrow: source <(burrow completion bash)
_burrow() {
  local cur words cword prefix IFS=$'\n'
  if declare -F _get_comp_words_by_ref >/dev/null; then _get_comp_words_by_ref -n =: cur words cword
  else cur=${COMP_WORDS[COMP_CWORD]} words=("${COMP_WORDS[@]}") cword=$COMP_CWORD; fi
  COMPREPLY=($("${words[0]}" completion candidates -- "${words[@]:1:cword}" 2>/dev/null))
  if [ "${COMPREPLY[*]}" = :files ]; then
    COMPREPLY=($(compgen -f -- "$cur"))
    compopt -o filenames 2>/dev/null
    return
  fi
  if [ ${#COMPREPLY[@]} = 1 ] && [ "${COMPREPLY[0]: -1}" = / ]; then compopt -o nospace 2>/dev/null; fi
  if declare -F __ltrim_colon_completions >/dev/null; then __ltrim_colon_completions "$cur"; fi
}
complete -F _burrow burrow
)";
constexpr std::string_view zsh_script = R"(#compdef burrow
# zsh completion of burrow: source <(burrow completion zsh), after compinit; or as _burrow in a directory of $fpath
_burrow() {
  local -a found
  found=("${(@f)$("${words[1]}" completion candidates -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [ "$found" = ":files" ]; then _files; return; fi
  found=(${found:#})
  if (( ${#found} == 1 )) && [[ ${found[1]} == */ ]]; then compadd -S '' -- $found; else compadd -- $found; fi
}
if [ "$funcstack[1]" = _burrow ]; then _burrow "$@"; else compdef _burrow burrow; fi
)";
constexpr std::string_view fish_script = R"(# fish completion of burrow: burrow completion fish | source
function __burrow_candidates
  set -l words (commandline -opc)
  set -l found ($words[1] completion candidates -- $words[2..-1] (commandline -ct) 2>/dev/null)
  if test "$found" = ":files"
    __fish_complete_path (commandline -ct)
  else
    printf '%s\n' $found
  end
end
complete -c burrow -f -a '(__burrow_candidates)'
)";

using candidates = std::vector<std::string>;

/// Names that the node has in a list of /admin/v1.
candidates listed(const cli_context& context, const char* list, const char* name) {
  int code = exit_done;
  const auto endpoint = endpoint_of(context, code);
  auto client = endpoint ? http_client::make(*endpoint, ask_s) : result<http_client>(errc::unavailable);
  if (!client) return {};
  const auto reply = client->call("GET", fmt::format("/admin/v1/{}", list));
  if (!reply || reply->status != 200) return {};
  const auto page = cli_json::parse(reply->body, nullptr, false);
  candidates out;
  if (!page.is_object() || !page.contains(list) || !page[list].is_array()) return out;
  for (const auto& one : page[list]) {
    if (!one.is_object() || !one.contains(name)) continue;
    out.push_back(one[name].is_string() ? one[name].get<std::string>() : one[name].dump());
  }
  return out;
}

/// What may stand for the value of a flag.
candidates values_of(const std::string& command, const cli_context& context, const std::string& flag) {
  if (flag == "sort") return {std::begin(top_sorts), std::end(top_sorts)};
  const bool of_node = (command.starts_with("shard ") && (flag == "from" || flag == "to")) ||
                       (command == "doctor" && flag == "node");
  if (of_node) return listed(context, "members", "node");
  if (flag == "output") return {"table", "json", "jsonl"};
  if (flag == "mode") return {"insert", "batch", "take", "longpoll", "latency", "queues", "tenants"};
  if (flag == "from" && command == "queue tail") return {"start", "now"};
  if (flag == "context") {
    candidates out;
    if (const auto all = contexts::load())
      for (const auto& [name, endpoint] : all->endpoints) out.push_back(name);
    return out;
  }
  constexpr std::string_view of_files[] = {"config", "data", "file", "from", "json", "ca", "out"};
  const bool file = std::find(std::begin(of_files), std::end(of_files), flag) != std::end(of_files);
  return file ? candidates{std::string(files_word)} : candidates{};
}

/// Names that the node knows, of accounts (with a slash behind) or of the queues of one.
candidates queues_like(const cli_context& context, const std::string& begin) {
  int code = exit_done;
  const auto endpoint = endpoint_of(context, code);
  auto client = endpoint ? http_client::make(*endpoint, ask_s) : result<http_client>(errc::unavailable);
  if (!client) return {};
  const auto slash = begin.find('/');
  const std::string account = begin.substr(0, slash);
  const bool accounts = slash == std::string::npos;
  const auto path = accounts ? "/v1.0?prefix=" + url_segment(account)
                             : fmt::format("/v1.0/{}?prefix={}", url_segment(account),
                                           url_segment(begin.substr(slash + 1)));
  const auto reply = client->call("GET", path + "&limit=100&detail=id");
  if (!reply || reply->status != 200) return {};
  const auto list = cli_json::parse(reply->body, nullptr, false);
  candidates out;
  if (list.is_array())
    for (const auto& one : list)
      if (one.is_string())
        out.push_back(accounts ? one.get<std::string>() + "/" : account + "/" + one.get<std::string>());
  return out;
}

candidates words_for(const cli_command& command, const cli_context& context, const std::string& begin) {
  const auto& name = command.name;
  const auto& usage = command.usage;
  if (usage.find("ACCOUNT/QUEUE") != std::string::npos)
    return context.words.empty() ? queues_like(context, begin) : candidates{};
  if (name.starts_with("context ") && name != "context add") return values_of(name, context, "context");
  if (name.starts_with("node ")) return listed(context, "members", "node");
  const bool of_shard = name == "shards" || name == "shard move" || name == "shard transfer-leader";
  if (of_shard) return listed(context, "shards", "shard");
  if (name == "completion") return {"bash", "zsh", "fish"};
  if (name == "queue list" || name == "tenant usage") {
    auto out = queues_like(context, begin);
    for (auto& one : out) one.pop_back();
    return out;
  }
  if (name == "cert node") return {}; // DIRECTORY stands behind its flags
  const bool files = name == "cert show" || usage.find("DIRECTORY") != std::string::npos ||
                     usage.find("[FILE]") != std::string::npos;
  return files ? candidates{std::string(files_word)} : candidates{};
}

candidates flags_of(const cli_command& command) {
  candidates out{"--help"};
  if (command.name == "serve") {
    out.emplace_back("--config");
    for (const auto& row : settings_table()) out.push_back(flag_of(row));
    return out;
  }
  for (const auto& flag : command.flags) out.push_back("--" + flag.substr(0, flag.find('=')));
  for (const auto& flag : shared_flags()) out.push_back(fmt::format("--{}", flag.name));
  return out;
}

bool takes_value(const cli_command* command, const std::string& flag) {
  for (const auto& one : shared_flags())
    if (one.name == flag) return one.takes_value;
  if (!command) return false;
  if (command->name == "serve") return true;
  return std::find(command->flags.begin(), command->flags.end(), flag + "=") != command->flags.end();
}

/// All that may be the last of these words, which is only begun.
candidates after(const std::vector<std::string>& words) {
  const auto all = all_commands();
  const auto named = [&](const std::string& name) {
    const auto at = std::find_if(all.begin(), all.end(), [&](const auto& c) { return c.name == name; });
    return at == all.end() ? nullptr : &*at;
  };
  const std::string begin = words.empty() ? "" : words.back();
  cli_context context;
  const cli_command* command = nullptr;
  std::string noun, flag;
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    const auto& word = words[i];
    if (!flag.empty()) {
      if (flag == "endpoint") context.endpoint = word;
      if (flag == "context") context.named_context = word;
      flag.clear();
    } else if (word.starts_with("--")) {
      const auto equals = word.find('=');
      if (equals == std::string::npos && takes_value(command, word.substr(2))) flag = word.substr(2);
      if (word.starts_with("--endpoint=")) context.endpoint = word.substr(11);
      if (word.starts_with("--context=")) context.named_context = word.substr(10);
    } else if (command) {
      context.words.push_back(word);
    } else if (noun.empty()) {
      command = named(word);
      if (!command) noun = word;
    } else {
      command = named(noun + " " + word);
      if (!command) return {};
    }
  }
  if (!flag.empty()) return values_of(command ? command->name : "", context, flag);
  if (command && begin.starts_with("--")) return flags_of(*command);
  if (command) return context.words.size() < command->words_max ? words_for(*command, context, begin) : candidates{};
  candidates out;
  for (const auto& c : all) {
    const auto space = c.name.find(' ');
    if (noun.empty()) out.push_back(c.name.substr(0, space));
    else if (c.name.starts_with(noun + " ")) out.push_back(c.name.substr(space + 1));
  }
  if (noun.empty() && begin.starts_with("--"))
    for (const auto& one : shared_flags()) out.push_back(fmt::format("--{}", one.name));
  return out;
}

int completion(const cli_context& context) {
  const auto& shell = context.words[0];
  if (shell == "candidates") {
    auto found = after({context.words.begin() + 1, context.words.end()});
    const std::string begin = context.words.size() > 1 ? context.words.back() : "";
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    for (const auto& one : found)
      if (one == files_word || one.starts_with(begin)) fmt::print("{}\n", one_line(one, 1000));
    return exit_done;
  }
  const std::map<std::string, std::string_view> scripts{
    {"bash", bash_script}, {"zsh", zsh_script}, {"fish", fish_script}};
  const auto found = scripts.find(shell);
  if (found == scripts.end() || context.words.size() > 1)
    return cli_error(exit_usage, fmt::format("there are scripts for bash, zsh and fish, not for \"{}\"",
                                             one_line(shell, 40)));
  fmt::print("{}", found->second);
  return exit_done;
}

} // namespace

std::vector<cli_command> completion_commands() {
  return {{"completion", "burrow completion bash|zsh|fish",
           "Prints a script that has the shell complete commands, flags, and names of queues, nodes and shards.",
           "  source <(burrow completion bash)\n  burrow completion fish > ~/.config/fish/completions/burrow.fish\n",
           {}, 1, 200, completion}};
}

} // namespace burrow
