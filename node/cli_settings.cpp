// `burrow queue settings, pause, resume`: what a queue's owner may set, shown with where each value comes from, and
// changed by name.
#include "node/cli_client.hpp"
#include "node/text.hpp"

#include <fmt/format.h>

namespace burrow {
namespace {

const http_client::fields patch_fields{{"Content-Type", "application/merge-patch+json"}};

/// `true`, `3`, `null` and `"x"` as JSON has them; everything else is a text. Nothing at all is the default again.
cli_json value_of(const std::string& text) {
  if (text.empty()) return nullptr;
  auto parsed = cli_json::parse(text, nullptr, false);
  const bool scalar = !parsed.is_discarded() && !parsed.is_structured() && !parsed.is_number_float();
  return scalar ? parsed : cli_json(text);
}

/// NAME=VALUE; `paused.take` and `labels.team` reach into an object. False (after an error) if it is no such thing.
bool add_change(cli_json& patch, const std::string& word) {
  const auto equals = word.find('=');
  if (equals == 0 || equals == std::string::npos) {
    cli_error(exit_usage, fmt::format("a change is NAME=VALUE, not \"{}\"", one_line(word, 60)));
    return false;
  }
  const auto name = word.substr(0, equals);
  const auto text = word.substr(equals + 1);
  const auto dot = name.find('.');
  if (dot == std::string::npos) {
    patch[name] = value_of(text);
    return true;
  }
  const auto outer = name.substr(0, dot), inner = name.substr(dot + 1);
  auto& object = patch[outer];
  if (!object.is_object()) object = cli_json::object();
  // A label is a text, whatever it looks like, and so is the name of a queue.
  const bool is_text = outer == "labels" || (outer == "dead_letter" && inner == "queue");
  object[inner] = is_text && !text.empty() ? cli_json(text) : value_of(text);
  return true;
}

std::string shown(const cli_json& value) {
  if (value.is_null()) return "-";
  if (value.is_string()) return one_line(value.get<std::string>(), 60);
  if (!value.is_object()) return value.dump();
  std::string text;
  for (const auto& [name, inner] : value.items()) {
    const auto part = inner.is_string() ? inner.get<std::string>() : inner.dump();
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", name, part);
  }
  return text.empty() ? "-" : one_line(text, 60);
}

int show_settings(const cli_context& context, cli_client& client, const std::string& path) {
  const auto reply = client.call("GET", path + "/~settings?detail=full");
  if (!reply) return client.code();
  const auto all = parse_answer(*reply);
  if (!all || !all->is_object()) return exit_failed;
  if (print_json_list(context, *all)) return exit_done;
  std::vector<std::vector<std::string>> rows;
  for (const auto& [name, one] : all->items())
    rows.push_back({one_line(name, 32), shown(one.value("value", cli_json())), one.value("from", "")});
  fmt::print("{}", table_text({"SETTING", "VALUE", "FROM"}, rows, context.heads));
  return exit_done;
}

int change(const cli_context& context, cli_client& client, const std::string& path, const cli_json& patch) {
  const auto body = patch.dump(-1, ' ', false, cli_json::error_handler_t::replace);
  const auto done = client.call("PATCH", path + "/~settings", body, patch_fields);
  if (!done) return client.code();
  return context.quiet ? exit_done : show_settings(context, client, path);
}

int settings_of(const cli_context& context) {
  int code = exit_done;
  const auto path = queue_path(context.words[0]);
  if (!path) return exit_usage;
  cli_json patch = cli_json::object();
  for (std::size_t n = 1; n < context.words.size(); ++n)
    if (!add_change(patch, context.words[n])) return exit_usage;
  if (context.has("defaults") && !patch.empty())
    return cli_error(exit_usage, "--defaults takes back all settings; leave out the changes");
  auto client = cli_client::make(context, code);
  if (!client) return code;
  if (context.has("defaults")) {
    if (!client->call("DELETE", *path + "/~settings")) return client->code();
    return context.quiet ? exit_done : show_settings(context, *client, *path);
  }
  if (!patch.empty()) return change(context, *client, *path, patch);
  return show_settings(context, *client, *path);
}

/// Without a flag both ways are meant.
int set_pause(const cli_context& context, const cli_json& to) {
  int code = exit_done;
  const auto path = queue_path(context.words[0]);
  if (!path) return exit_usage;
  auto client = cli_client::make(context, code);
  if (!client) return code;
  const bool insert = context.has("insert"), take = context.has("take");
  cli_json paused = cli_json::object();
  if (insert || !take) paused["insert"] = to;
  if (take || !insert) paused["take"] = to;
  const auto done = client->call("PATCH", *path + "/~settings", cli_json{{"paused", paused}}.dump(), patch_fields);
  if (!done) return client->code();
  const auto now = parse_answer(*done);
  if (!now || !now->contains("paused")) return exit_failed;
  const auto& state = now->at("paused");
  if (print_json_list(context, state)) return exit_done;
  const auto word = [&](const char* name) { return state.value(name, false) ? "paused" : "open"; };
  fmt::print("insert {}, take {}\n", word("insert"), word("take"));
  return exit_done;
}

int pause(const cli_context& context) { return set_pause(context, true); }
int resume(const cli_context& context) { return set_pause(context, nullptr); }

} // namespace

std::vector<cli_command> queue_settings_commands() {
  return {
    {"queue settings", "burrow queue settings ACCOUNT/QUEUE [NAME=VALUE ...] [--defaults]",
     "Shows what is set for a queue and where it comes from; changes what is named. NAME= takes a value back.",
     "  burrow queue settings demo/jobs\n  burrow queue settings demo/jobs max_messages=1000 overflow=drop_oldest "
     "labels.team=blue\n  burrow queue settings demo/jobs dead_letter.queue=jobs-dead dead_letter.max_claims=5\n",
     {"defaults"}, 1, 64, settings_of},
    {"queue pause", "burrow queue pause ACCOUNT/QUEUE [--insert] [--take]",
     "Refuses inserts and takes, or one of the two, until resumed. Reading and acknowledging go on.",
     "  burrow queue pause demo/jobs\n  burrow queue pause demo/jobs --take\n", {"insert", "take"}, 1, 1, pause},
    {"queue resume", "burrow queue resume ACCOUNT/QUEUE [--insert] [--take]", "Ends a pause, or one half of it.",
     "  burrow queue resume demo/jobs\n  burrow queue resume demo/jobs --insert\n", {"insert", "take"}, 1, 1, resume},
  };
}

} // namespace burrow
