#include "node/logging.hpp"

#include "node/text.hpp"

#include <spdlog/async.h>
#include <spdlog/async_logger.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace burrow {
namespace {

constexpr std::size_t access_lines_max = 8192; ///< that wait
constexpr std::size_t path_columns = 300;

class access_writer {
public:
  access_writer()
    : threads_(std::make_shared<spdlog::details::thread_pool>(access_lines_max, 1)),
      to_(std::make_shared<spdlog::async_logger>("access", std::make_shared<spdlog::sinks::stderr_sink_mt>(), threads_,
                                                 spdlog::async_overflow_policy::overrun_oldest)) {
    to_->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ access %v", spdlog::pattern_time_type::utc);
  }
  ~access_writer() {
    const auto lost = threads_->overrun_counter();
    if (lost > 0) spdlog::warn("{} lines of the access log were lost: standard error was too slow", lost);
  }

  void write(const answered_request& r) {
    to_->info("{} {} {} {} {:.6f} in={} out={} id={}", r.client, one_line(r.method, 16), one_line(r.path, path_columns),
              r.status, r.seconds, r.bytes_in, r.bytes_out, r.request_id);
  }

private:
  // The logger holds its threads weakly, as it may be the last to go.
  std::shared_ptr<spdlog::details::thread_pool> threads_;
  std::shared_ptr<spdlog::async_logger> to_;
};

} // namespace

void start_logging(const std::string& level) {
  auto logger = std::make_shared<spdlog::logger>("burrow", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
  logger->set_level(spdlog::level::from_str(level));
  logger->flush_on(spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
}

answered_sink access_log() {
  return [writer = std::make_shared<access_writer>()](const answered_request& r) { writer->write(r); };
}

} // namespace burrow
