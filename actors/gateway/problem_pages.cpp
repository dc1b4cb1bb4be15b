#include "actors/gateway/problem_pages.hpp"

#include "actors/gateway/json_write.hpp"


#include <algorithm>
#include <array>
#include <charconv>

namespace burrow {
namespace {

constexpr std::string_view wait_and_repeat = "Wait as long as Retry-After says, then send the same request again.";

// In the order of problem_type.
constexpr std::array pages = {
  problem_page{"An account, queue or message id is not 1 to 255 bytes of UTF-8 without slashes and control characters, "
               "begins with a tilde, or is not percent-encoded as it should be.", "Use another name."},
  problem_page{"A parameter, field or member has a value that is not allowed; `parameter` says which.",
               "Correct it. Nothing was changed."},
  problem_page{"The cursor is damaged, belongs to another queue, or was made in another order.",
               "Begin without a cursor, or use one of this list in the order it was made in."},
  problem_page{"The body is not JSON in UTF-8, or JSON of another shape than asked for.", "Correct the body."},
  problem_page{"A setting is unknown or out of its range; `errors` points at each.", "Correct what is pointed at."},
  problem_page{"The queue has a max_ttl, and the message was to live longer, or for ever.",
               "Give a shorter ttl, or have the queue's settings changed."},
  problem_page{"What came is not a request of HTTP/1.1 as its standard has it.",
               "Mend the client, or the proxy in front of it."},
  problem_page{"There is no credential, or it is not valid any more.", "Send a valid one."},
  problem_page{"The credential is of another account, or its role does not allow this.",
               "Use a credential that does. Nothing is said about what exists."},
  problem_page{"The operation is switched off here.", "Name the account: operations on all of them need an operator."},
  problem_page{"Nothing is served at this path.", "Check the path; /openapi.json lists all there are."},
  problem_page{"The account has no queue with a message, or none that matches.", "Nothing: there is nothing there."},
  problem_page{"The queue has no message.", "Nothing, or wait for one with `wait`."},
  problem_page{"No such message is there, or none that matches: finished, expired, hidden or never put.",
               "To a worker: the message is not yours any more; drop the work."},
  problem_page{"The queue has no such task, or it is no longer among the last 50.", "List the tasks."},
  problem_page{"The path does not have this method; Allow lists those it has.", "Use one of these."},
  problem_page{"The request accepts none of the forms that there are.", "Accept another form, or any."},
  problem_page{"The Content-Type is not one that is read here.", "Send JSON, and say so."},
  problem_page{"The head or the body of the request came too slowly.", "Send it again, on a new connection."},
  problem_page{"The queue is paused for this kind of request.", "Wait until it is resumed."},
  problem_page{"A message that must outlive a crash was put into a queue of the durability `memory`.",
               "Leave `persistent` out, or have the queue's durability changed."},
  problem_page{"Following dead_letter from the target leads back, or over more than 8 queues.",
               "Choose another target."},
  problem_page{"The queue has a task that is running.", "Wait until it is done, or cancel it."},
  problem_page{"The first request with this Idempotency-Key is still being carried out.", wait_and_repeat},
  problem_page{"The message was claimed again, replaced or released since this receipt was made.",
               "Drop the work and do not repeat: another may have the message."},
  problem_page{"It was changed by another, or is not there.", "Read it again and decide anew."},
  problem_page{"It is there already.", "After a repeated insert: done. Else choose another id."},
  problem_page{"The queue asks for a receipt and the request has none.", "Send the receipt that the claim showed."},
  problem_page{"The body is larger than the queue's max_body.", "Send less, or have max_body raised."},
  problem_page{"The request is larger than is read: 8 MiB of JSON, 64 KiB of settings.", "Split it."},
  problem_page{"A batch has at most 100 entries.", "Split it."},
  problem_page{"Path and query are longer than 8 KiB.", "Shorten them."},
  problem_page{"The head is over 32 KiB or 128 fields.", "Send fewer or shorter fields."},
  problem_page{"The Idempotency-Key was used for another request.", "Use a new key for a new request."},
  problem_page{"An entry of an atomic batch is bad; `errors` points at it. Nothing was stored.",
               "Correct the entries that are pointed at."},
  problem_page{"The account sends more than its rate.", wait_and_repeat},
  problem_page{"The account has too many requests that are held by `wait`, or streams.", wait_and_repeat},
  problem_page{"The queue remembers as many idempotency keys or producers as it may.", wait_and_repeat},
  problem_page{"The account has as many queues or stored bytes as it may.",
               "Do not repeat: make room, or have the quota raised."},
  problem_page{"The queue holds as many messages or bytes as its settings allow.",
               "Back off, then send the same request again; takers make room."},
  problem_page{"A defect of the service. The request did not cause it alone.", "Report it with the request_id."},
  problem_page{"The request uses a transfer coding other than chunked.", "Send the body as it is, or chunked."},
  problem_page{"The queue's shard has no leader at the moment. Nothing was done.", wait_and_repeat},
  problem_page{"The node is stopping. Nothing was done.", "Send the same request to any other node, or wait."},
  problem_page{"The node is short of memory or time. Nothing was done.", wait_and_repeat},
  problem_page{"The disks are too full for inserts. Nothing was done; taking and deleting go on.", wait_and_repeat},
  problem_page{"The queue's shard is out of service until an operator acts. Nothing was done.", wait_and_repeat},
  problem_page{"Whether it was done is not known: a leader was lost, or time ran out.",
               "Send the same request again, with the same id, key or receipt."},
  problem_page{"An order or a question to administration has a member or parameter that is missing or not allowed.",
               "Correct what the detail names. Nothing was done."},
  problem_page{"No node of the cluster has this name or id.", "Name one of those that burrow members lists."},
  problem_page{"The order would take a copy, a majority or a zone away, or makes no sense as things stand; the detail "
               "says why, and `plan` what would have been done.",
               "Mend what stands in the way. Where the plan allows it, force with a reason goes on."},
  problem_page{"The node runs alone: there is no other one to move anything to.", "Let other nodes join it first."},
  problem_page{"One member does not hold all that its cluster acknowledged, so a copy of it is no backup.",
               "Back up lone nodes; there is no backup of a whole cluster yet."},
  problem_page{"The node makes one backup at a time, and one is under way.", "Wait until it has ended, or cancel it."},
  problem_page{"The file system of the backup has too little room for it.", "Make room, or choose another directory."},
  problem_page{"A backup goes into a directory of the node that is new or empty, given by its absolute path as "
               "`directory`.",
               "Give another directory."},
  problem_page{"The backup could not be read or written; the detail says what failed. Nothing is left of it.",
               "Look at the disks, then begin it again."},
  problem_page{"What has to be on disk before an order is carried out could not be written. Nothing was done.",
               "Look at the disk of the data directory; nothing else goes on safely without it either."},
};
static_assert(pages.size() == problem_types);

constexpr std::string_view json_type = "application/json", html_type = "text/html";

/// The weight that an Accept list gives a type, in thousandths; the most specific range counts (RFC 9110 12.5.1).
int weight_of(std::string_view accept, std::string_view type) {
  const std::string_view family = type.substr(0, type.find('/'));
  int best = 0, rank = 0;
  while (!accept.empty()) {
    auto range = accept.substr(0, accept.find(','));
    accept.remove_prefix(std::min(accept.size(), range.size() + 1));
    auto weight = range.find(';') == range.npos ? std::string_view{} : range.substr(range.find(';') + 1);
    range = range.substr(0, range.find(';'));
    while (range.starts_with(' ')) range.remove_prefix(1);
    while (range.ends_with(' ')) range.remove_suffix(1);
    const bool is_family = range.ends_with("/*") && range.substr(0, range.size() - 2) == family;
    const int found = equal_ignoring_case(range, type) ? 3 : is_family ? 2 : range == "*/*" ? 1 : 0;
    if (found <= rank) continue;
    rank = found;
    best = 1000;
    if (const auto q = weight.find("q="); q != weight.npos) {
      double value = 1;
      weight.remove_prefix(q + 2);
      if (std::from_chars(weight.data(), weight.data() + weight.size(), value).ec == std::errc{})
        best = static_cast<int>(std::clamp(value, 0.0, 1.0) * 1000);
    }
  }
  return best;
}

/// Our own texts hold none of the characters that HTML would want escaped.
std::string html_of(const problem_facts& facts, const problem_page& page) {
  std::string out = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>";
  out += facts.slug;
  out += "</title></head><body>\n<h1>";
  out += facts.title;
  out += "</h1>\n<p>Status ";
  append_number(out, facts.status);
  out += ", <code>/problems/";
  out += facts.slug;
  out += facts.retryable ? "</code>. The same request may work later.</p>\n<h2>What it means</h2>\n<p>"
                         : "</code>. The same request will not work later.</p>\n<h2>What it means</h2>\n<p>";
  out += page.meaning;
  out += "</p>\n<h2>What to do</h2>\n<p>";
  out += page.what_to_do;
  return out + "</p>\n</body></html>\n";
}

std::string json_of(const problem_facts& facts, const problem_page& page) {
  std::string out = "{\"type\": \"/problems/";
  out += facts.slug;
  out += "\", \"title\": ";
  json_string(out, facts.title);
  out += ", \"status\": ";
  append_number(out, facts.status);
  out += facts.retryable ? ", \"retryable\": true, \"meaning\": " : ", \"retryable\": false, \"meaning\": ";
  json_string(out, page.meaning);
  out += ", \"what_to_do\": ";
  json_string(out, page.what_to_do);
  return out + "}";
}

} // namespace

const problem_page& page_of(problem_type type) { return pages[static_cast<std::size_t>(type)]; }

http_response problem_page_response(const http_request& request, std::string_view slug) {
  std::size_t at = 0;
  while (at < problem_types && facts_of(static_cast<problem_type>(at)).slug != slug) ++at;
  if (at == problem_types) return problem_response(request, {problem_type::not_found, "There is no such problem.", {}});
  const auto type = static_cast<problem_type>(at);
  const auto accept = request.field("accept");
  const int json = accept.empty() ? 1000 : weight_of(accept, json_type);
  const int html = accept.empty() ? 0 : weight_of(accept, html_type);
  if (json == 0 && html == 0)
    return problem_response(request, {problem_type::not_acceptable, "There are JSON and HTML.", {}});
  http_response out;
  // Who says nothing in particular is no browser.
  const bool as_html = html > json || (html == json && accept.find(html_type) < accept.find(json_type));
  out.fields.emplace_back("Content-Type", as_html ? "text/html; charset=utf-8" : json_type);
  out.fields.emplace_back("Vary", "Accept");
  out.body = as_html ? html_of(facts_of(type), page_of(type)) : json_of(facts_of(type), page_of(type));
  return out;
}

} // namespace burrow
