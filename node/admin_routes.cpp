#include "node/admin_routes.hpp"

namespace burrow {
namespace {

using enum http_method;
using enum problem_type;

constexpr std::string_view text = R"({"type": "string"})";

constexpr admin_parameter of_usage[] = {
  {"account", text, "Only this account; 404 if it holds no queue"},
  {"after", text, "Accounts behind this name: `next` of the page before"}};
constexpr admin_parameter of_doctor[] = {{"node", text, "Only what this node says of itself; by name or id"}};
constexpr admin_parameter of_events[] = {
  {"since", R"({"type": "string", "format": "date-time"})", "Only events that are no earlier"},
  {"about", text, "Only events that name this: `n2`, `shard 7`; in any case of letters"},
  {"limit", R"({"type": "integer", "minimum": 1, "maximum": 1000})", "Only the newest so many"}};

constexpr problem_type of_actors[] = {overloaded};
constexpr problem_type of_account[] = {account_not_found};
constexpr problem_type of_named[] = {node_not_found, overloaded};
constexpr problem_type of_filter[] = {malformed, overloaded};
constexpr problem_type of_backup[] = {cluster_member,    backup_running, no_room, unsupported_media_type,
                                      invalid_directory, backup_failed};
constexpr problem_type of_order[] = {malformed,   node_not_found, no_cluster, refused, unsupported_media_type,
                                     not_written, no_leader,      overloaded};
constexpr problem_type of_leave[] = {no_cluster, refused, unsupported_media_type, not_written, overloaded};

constexpr admin_answer of_document[] = {{200, "This document", "Document"}};
constexpr admin_answer says_status[] = {{200, "How the node is", "Status"}};
constexpr admin_answer says_config[] = {{200, "Every setting", "Settings"}};
constexpr admin_answer says_usage[] = {{200, "A page of accounts, in byte order", "Usage"}};
constexpr admin_answer says_doctor[] = {{200, "The worst severity, and what was found", "Findings"}};
constexpr admin_answer says_load[] = {{200, "Counters; rates are their differences", "Load"}};
constexpr admin_answer says_backup[] = {{200, "The backup of this process, and the last good one", "Backup"}};
constexpr admin_answer began_backup[] = {{202, "The moment of the copy is now", "Backup"}};
constexpr admin_answer ended_backup[] = {{202, "It ends and leaves nothing", "Backup"}};
constexpr admin_answer says_members[] = {{200, "Nodes by name", "Members"}};
constexpr admin_answer says_shards[] = {{200, "Shards by number, the metadata shard first", "Shards"}};
constexpr admin_answer says_events[] = {{200, "Events, oldest first", "Events"}};
constexpr admin_answer says_plan[] = {{200, "The plan; with dry_run nothing but that", "Plan"}};
constexpr admin_answer says_left[] = {{202, "The node ends, and its directory starts no more", "Left"}};

constexpr admin_operation all[] = {
  {get, "/admin/v1/openapi.json", "document", "This description of /admin/v1", {}, {}, of_document, {}},
  {get, "/admin/v1/status", "status", "How the asked node is, and what its cluster may lose", {}, {}, says_status,
   of_actors},
  {get, "/admin/v1/config", "config", "Every setting, its value, and where that comes from", {}, {}, says_config, {}},
  {get, "/admin/v1/usage", "usage", "Queues, messages and bytes of accounts over all shards", of_usage, {}, says_usage,
   of_account},
  {get, "/admin/v1/doctor", "doctor", "What may be wrong with the cluster and each of its nodes", of_doctor, {},
   says_doctor, of_named},
  {get, "/admin/v1/load", "load", "What each node of the cluster is doing", {}, {}, says_load, of_actors},
  {get, "/admin/v1/backup", "backup", "How the backup is doing", {}, {}, says_backup, {}},
  {post, "/admin/v1/backup", "backupCreate", "Begins a backup of a lone node", {}, "BackupOrder", began_backup,
   of_backup},
  {delete_, "/admin/v1/backup", "backupCancel", "Ends the backup under way", {}, {}, ended_backup, {}},
  {get, "/admin/v1/members", "members", "Nodes: zone, state, whether they answer, what they hold and lead", {}, {},
   says_members, of_actors},
  {get, "/admin/v1/shards", "shards", "Every shard: leader, term, voters, members with lag", {}, {}, says_shards,
   of_actors},
  {get, "/admin/v1/events", "events", "What the cluster did of late, as the asked node saw it", of_events, {},
   says_events, of_filter},
  {post, "/admin/v1/cluster", "order", "Plans or begins a change of the cluster", {}, "Order", says_plan, of_order},
  {post, "/admin/v1/leave", "leave", "Ends the asked node for good, once it holds nothing", {}, "LeaveOrder", says_left,
   of_leave},
};

} // namespace

std::span<const admin_operation> admin_operations() { return all; }

} // namespace burrow
