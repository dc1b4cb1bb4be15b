// ~settings: requests and answers.
#include "actors/gateway/dialect_native_path.hpp"
#include "actors/gateway/etags.hpp"
#include "actors/gateway/json_write.hpp"
#include "actors/gateway/settings_json.hpp"

#include <charconv>

namespace burrow {
namespace {

plan at_once(const http_request& request, problem what) {
  plan out;
  out.answer = problem_response(request, what);
  return out;
}

bool is_merge_patch(std::string_view type) {
  type = type.substr(0, type.find(';'));
  while (type.ends_with(' ')) type.remove_suffix(1);
  return equal_ignoring_case(type, "application/merge-patch+json");
}

std::string settings_etag(std::uint64_t revision, std::string_view tag) {
  return "\"" + std::to_string(revision) + "-" + std::string{tag} + "\"";
}

/// The revision in one of our ETags; nothing if it is no such tag, or was made under other defaults of the server.
std::optional<std::uint64_t> revision_in(std::string_view etag, std::string_view tag) {
  std::uint64_t revision = 0;
  if (etag.size() < 3 || etag.front() != '"' || etag.back() != '"') return std::nullopt;
  etag = etag.substr(1, etag.size() - 2);
  const auto [end, code] = std::from_chars(etag.data(), etag.data() + etag.size(), revision);
  const auto rest = etag.substr(static_cast<std::size_t>(end - etag.data()));
  if (code != std::errc{} || rest.size() != tag.size() + 1 || rest.front() != '-' || rest.substr(1) != tag)
    return std::nullopt;
  return revision;
}

std::string_view why(errc code) {
  if (code == errc::etag_mismatch) return "The settings were changed by another.";
  if (code == errc::already_exists) return "The queue has settings already.";
  return {};
}

} // namespace

queue::condition native_dialect::settings_guard(const http_request& request) const {
  queue::condition out;
  const auto match = request.field("if-match");
  // There are always settings, stored or not: a `*` holds.
  if (!match.empty() && match != "*") {
    each_tag(match, [&](std::string_view one) {
      constexpr std::uint64_t of_nothing = ~std::uint64_t{0};
      out.if_match.push_back(revision_in(one, settings_tag_).value_or(of_nothing));
    });
  }
  out.if_none_match = request.field("if-none-match") == "*";
  return out;
}

plan native_dialect::settings(const http_request& request, const queue_ref& queue) const {
  const bool reads = request.method == http_method::get || request.method == http_method::head;
  parameters given;
  const auto known = parameters_at(place_kind::settings, request.method);
  if (auto p = read_parameters(request.query, known, is_strict(request), given)) return at_once(request, *p);
  auto context = std::make_unique<native_context>();
  context->with_sources = given.detail == detail_level::full;
  context->is_change = !reads;
  plan out;
  out.what = std::make_shared<operation>();
  out.what->queue = queue;
  out.context = std::move(context);
  if (reads) {
    out.what->what = queue::get_settings{};
    return out;
  }
  queue::configure change;
  change.fallback = options_.defaults;
  change.guard = settings_guard(request);
  const bool patch = request.method == http_method::patch;
  if (request.method == http_method::delete_) {
    change.action = queue::configure_action::forget;
  } else {
    if (!is_json_or_none(request) && !(patch && is_merge_patch(request.field("content-type"))))
      return at_once(request, {problem_type::unsupported_media_type, {}, {}});
    auto read = read_settings(request.body, patch);
    if (auto* p = std::get_if<problem>(&read)) return at_once(request, *p);
    change.action = patch ? queue::configure_action::merge : queue::configure_action::replace;
    change.to = std::move(std::get<settings_read>(read).change);
    out.rule_kept = std::get<settings_read>(read).rule_kept;
    if (auto& rule = change.to.values.rules.dead_letter) {
      const auto ttl = std::chrono::duration_cast<std::chrono::seconds>(options_.defaults.ttl);
      rule->fallback_ttl_s = static_cast<std::int64_t>(ttl.count());
    }
  }
  out.what->what = std::move(change);
  return out;
}

http_response native_dialect::settings_shown(const http_request& request, const plan& made,
                                             const operation_result& outcome) const {
  const auto& context = static_cast<const native_context&>(*made.context);
  http_response out;
  const queue::settings* value = nullptr;
  std::uint64_t revision = 0;
  if (const auto* reply = std::get_if<queue::settings_reply>(&outcome.what)) {
    if (reply->problem == errc::invalid_settings) return problem_response(request, too_many_labels());
    if (reply->problem != errc::ok)
      return problem_response(request, {problem_of(reply->problem), std::string{why(reply->problem)}, {}});
    value = &reply->value;
    revision = reply->revision;
    if (request.method == http_method::put && reply->created) out.status = 201;
    if (request.method == http_method::delete_) out.status = 204;
  } else {
    const auto& answer = std::get<queue::settings_answer>(outcome.what);
    value = &answer.value;
    revision = answer.revision;
  }
  const auto etag = settings_etag(revision, settings_tag_);
  if (!context.is_change && is_known(request.field("if-none-match"), etag)) out.status = 304;
  if (out.status != 204) out.fields.emplace_back("ETag", etag);
  if (out.status == 200 || out.status == 201) {
    out.fields.emplace_back("Content-Type", "application/json");
    out.fields.emplace_back("Cache-Control", "no-cache");
    settings_json(out.body, *value, options_.defaults, context.with_sources);
  }
  if (context.is_change) change_fields(out);
  return out;
}

} // namespace burrow
