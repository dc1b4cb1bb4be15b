// `burrow cert`: a private CA for the nodes of a cluster and nothing else, and what it signs. Asks no node.
#include "actors/plane/wire.hpp"
#include "node/authority.hpp"
#include "node/cli_client.hpp"
#include "node/data_directory.hpp"
#include "node/text.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace burrow {
namespace {

constexpr std::int64_t day_s = 86'400;
constexpr std::uint64_t authority_days = 3650, node_days = 365;
/// Clocks of nodes differ, and a certificate is used as soon as it is made.
constexpr std::int64_t earlier_s = 3600;

validity days_from_now(std::uint64_t days) {
  const auto now = static_cast<std::int64_t>(std::time(nullptr));
  return {now - earlier_s, now + static_cast<std::int64_t>(days) * day_s};
}

std::string day_of(std::int64_t at) {
  std::tm parts{};
  const auto t = static_cast<std::time_t>(at);
  char text[32];
  ::gmtime_r(&t, &parts);
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

std::optional<std::string> text_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  std::string out{std::istreambuf_iterator<char>(in), {}};
  return in.bad() ? std::nullopt : std::optional(std::move(out));
}

/// Whole or not at all, under the mode from the start: a key is at no moment readable by others.
result<void> put_file(const std::string& path, std::string_view bytes, ::mode_t mode) {
  const auto failed = [&](const char* what) {
    return error{errc::io_failed, fmt::format("{} {}: {}", what, path, std::strerror(errno))};
  };
  const auto next = path + ".new";
  (void)::unlink(next.c_str());
  const int file = ::open(next.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
  if (file < 0) return failed("cannot make");
  bool good = true;
  while (good && !bytes.empty()) {
    const auto wrote = ::write(file, bytes.data(), bytes.size());
    if (wrote > 0) bytes.remove_prefix(static_cast<std::size_t>(wrote));
    else good = wrote < 0 && errno == EINTR;
  }
  good = good && ::fsync(file) == 0;
  const auto why = failed("cannot write");
  ::close(file);
  if (!good) return why;
  if (std::rename(next.c_str(), path.c_str()) != 0) return failed("cannot rename to");
  return {};
}

struct wanted_file {
  std::string path, bytes;
  ::mode_t mode;
};

/// All of them, unless one is there already and --force is not.
int put_files(const cli_context& context, const std::string& directory, const std::vector<wanted_file>& files) {
  std::error_code ec;
  for (const auto& f : files)
    if (std::filesystem::exists(std::filesystem::symlink_status(f.path, ec)) && !context.has("force"))
      return cli_error(exit_refused, fmt::format("{} is there already; --force writes over it, and what it was is gone",
                                                 f.path));
  std::filesystem::create_directories(directory, ec);
  if (ec) return cli_error(exit_failed, fmt::format("cannot make {}: {}", directory, ec.message()));
  for (const auto& f : files)
    if (const auto put = put_file(f.path, f.bytes, f.mode); !put) return cli_error(exit_failed, put.error().context);
  cli_json out = cli_json::array();
  for (const auto& f : files) out.push_back(f.path);
  if (print_json_list(context, cli_json{{"files", out}})) return exit_done;
  for (const auto& f : files) fmt::print("{}{}\n", f.path, f.mode == 0600 ? "  (a secret)" : "");
  return exit_done;
}

int authority(const cli_context& context) {
  const auto out = context.option("out");
  if (out.empty()) return cli_error(exit_usage, "--out DIRECTORY is needed\nusage: burrow cert ca --out DIRECTORY");
  const auto days = context.number("days", authority_days, 1, 36'500);
  // A name of its own for each: two authorities of the same name are taken for one another.
  const auto made = make_authority(fmt::format("Burrow private CA {:08x}", random_number() & 0xffffffffU),
                                   days_from_now(days));
  if (!made) return cli_error(exit_failed, made.error().context);
  const int code = put_files(context, out, {{out + "/ca.key", made->key, 0600}, {out + "/ca.pem", made->certificate,
                                                                                  0644}});
  if (code == exit_done && !context.quiet)
    fmt::print(stderr, "keep ca.key off the nodes: who has it is any node of this cluster\n"
                       "next: burrow cert node NAME --ca {0} --out {0}\n", out);
  return code;
}

int node(const cli_context& context) {
  const auto &name = context.words[0], ca = context.option("ca"), out = context.option("out");
  if (ca.empty() || out.empty())
    return cli_error(exit_usage, "--ca DIRECTORY and --out DIRECTORY are needed\nusage: burrow cert node NAME --ca "
                                 "DIRECTORY --out DIRECTORY");
  if (!plane::is_node_name(name))
    return cli_error(exit_usage, fmt::format("a node's name is 1 to 64 of a-z, 0-9, dots, dashes and underscores, not "
                                             "\"{}\"", one_line(name, 80)));
  if (name == "ca") return cli_error(exit_usage, "a node named ca would have the files of the CA: choose another name");
  const auto days = context.number("days", node_days, 1, 3650);
  certificate_pair issuer;
  for (const auto& [file, into] : {std::pair{ca + "/ca.pem", &issuer.certificate}, {ca + "/ca.key", &issuer.key}}) {
    auto text = text_of(file);
    if (!text)
      return cli_error(exit_not_found, fmt::format("cannot read {}; burrow cert ca --out {} makes it", file, ca));
    *into = std::move(*text);
  }
  const auto made = issue_for_node(issuer, name, days_from_now(days));
  if (!made) return cli_error(exit_refused, fmt::format("{}: {}", ca, made.error().context));
  std::vector<wanted_file> files{{out + "/" + name + ".key", made->key, 0600},
                                 {out + "/" + name + ".pem", made->certificate, 0644}};
  // What the node needs lies together; the same CA that is there already is no reason to refuse.
  if (text_of(out + "/ca.pem") != issuer.certificate) files.push_back({out + "/ca.pem", issuer.certificate, 0644});
  return put_files(context, out, files);
}

int show(const cli_context& context) {
  const auto& path = context.words[0];
  const auto text = text_of(path);
  if (!text) return cli_error(exit_not_found, fmt::format("cannot read {}", path));
  const auto all = describe_certificates(*text);
  if (!all) return cli_error(exit_failed, fmt::format("{}: {}", path, all.error().context));
  const auto now = static_cast<std::int64_t>(std::time(nullptr));
  int code = exit_done;
  cli_json out = cli_json::array();
  for (const auto& c : *all) {
    const bool good = c.when.from_s <= now && now < c.when.until_s;
    if (!good) code = exit_warnings;
    out.push_back({{"subject", c.subject}, {"issuer", c.issuer}, {"names", c.names}, {"ca", c.authority},
                   {"from", day_of(c.when.from_s)}, {"until", day_of(c.when.until_s)}, {"serial", c.serial},
                   {"sha256", c.fingerprint}, {"within_dates", good}});
  }
  if (print_json_list(context, out)) return code;
  for (const auto& c : out) {
    std::string names;
    for (const auto& n : c.at("names")) names += (names.empty() ? "" : ", ") + one_line(n.get<std::string>(), 80);
    const auto say = [&](std::string_view what, const std::string& value) {
      fmt::print("{:<8}  {}\n", what, one_line(value, 200));
    };
    say("subject", c.value("subject", ""));
    say("issuer", c.value("issuer", ""));
    say("kind", c.value("ca", false) ? "CA" : "node");
    if (!c.value("ca", false)) say("for", names);
    say("valid", fmt::format("{} to {}{}", c.value("from", ""), c.value("until", ""),
                             c.value("within_dates", true) ? "" : "  NOT NOW"));
    say("sha256", c.value("sha256", ""));
  }
  return code;
}

} // namespace

std::vector<cli_command> cert_commands() {
  return {
    {"cert ca", "burrow cert ca --out DIRECTORY [--days N] [--force]",
     "Makes a private CA for the nodes of one cluster: ca.pem, and ca.key, which is to be kept off them.",
     "  burrow cert ca --out ./certs\n  burrow cert ca --out ./certs --days 3650\n", {"out=", "days=", "force"}, 0, 0,
     authority},
    {"cert node", "burrow cert node NAME --ca DIRECTORY --out DIRECTORY [--days N] [--force]",
     "Makes a node's key and certificate (NAME.key, NAME.pem), signed by the CA; NAME is that of burrow serve --node.",
     "  burrow cert node a --ca ./certs --out ./certs\n  burrow cert node b --ca ./certs --out ./b --days 90\n",
     {"ca=", "out=", "days=", "force"}, 1, 1, node},
    {"cert show", "burrow cert show FILE", "Says what the certificates of a file are for, and until when.",
     "  burrow cert show ./certs/a.pem\n  burrow cert show ./certs/ca.pem --output json\n", {}, 1, 1, show},
  };
}

} // namespace burrow
