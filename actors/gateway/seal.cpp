#include "actors/gateway/seal.hpp"

#include "actors/gateway/base64.hpp"
#include "cluster/base/assert.hpp"
#include "cluster/base/bytes.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <array>

namespace burrow {
namespace {

constexpr std::size_t mac_bytes = 16;
using mac = std::array<unsigned char, mac_bytes>;

struct context_free {
  void operator()(EVP_MAC_CTX* c) const { EVP_MAC_CTX_free(c); }
};
using context = std::unique_ptr<EVP_MAC_CTX, context_free>;

context context_of(const seal_key& key) {
  EVP_MAC* hmac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  BURROW_ASSERT(hmac != nullptr);
  context made{EVP_MAC_CTX_new(hmac)};
  EVP_MAC_free(hmac);
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                                   OSSL_PARAM_construct_end()};
  const auto* bytes = reinterpret_cast<const unsigned char*>(key.bytes.data());
  BURROW_ASSERT(made && EVP_MAC_init(made.get(), bytes, key.bytes.size(), parameters) == 1);
  return made;
}

} // namespace

struct sealer::keys {
  struct one {
    std::uint32_t number;
    context made;
  };
  std::vector<one> all;

  [[nodiscard]] const one* find(std::uint32_t number) const {
    for (const auto& k : all) {
      if (k.number == number) return &k;
    }
    return nullptr;
  }
  static mac sign(const one& key, std::string_view bytes) {
    std::array<unsigned char, 32> whole{};
    std::size_t size = 0;
    const auto* in = reinterpret_cast<const unsigned char*>(bytes.data());
    const bool ok = EVP_MAC_init(key.made.get(), nullptr, 0, nullptr) == 1 &&
                    EVP_MAC_update(key.made.get(), in, bytes.size()) == 1 &&
                    EVP_MAC_final(key.made.get(), whole.data(), &size, whole.size()) == 1;
    BURROW_ASSERT(ok && size == whole.size());
    mac half{};
    std::copy_n(whole.begin(), mac_bytes, half.begin());
    return half;
  }
};

namespace {

// The first byte of a place cursor.
constexpr std::uint8_t cursor_lifo = 1, cursor_priority = 2;

/// What the MAC covers: the payload, and what it is bound to but does not carry.
std::string bound(std::uint8_t kind, std::string_view tenant, std::string_view queue, std::string_view payload) {
  std::string out;
  byte_writer to{out};
  to.u8(kind);
  to.sized(tenant);
  to.sized(queue);
  to.raw(payload);
  return out;
}

} // namespace

sealer::sealer(const std::vector<seal_key>& given) : keys_(std::make_unique<keys>()) {
  BURROW_ASSERT(!given.empty());
  for (const auto& k : given) keys_->all.push_back({k.number, context_of(k)});
}
sealer::~sealer() = default;

std::string sealer::sealed(kind what, std::string_view tenant, std::string_view queue, std::string_view payload) const {
  const auto& key = keys_->all.back();
  std::string bytes;
  byte_writer to{bytes};
  to.varint(key.number);
  to.raw(payload);
  const mac m = keys::sign(key, bound(static_cast<std::uint8_t>(what), tenant, queue, bytes));
  bytes.append(reinterpret_cast<const char*>(m.data()), m.size());
  std::string out = what == kind::of_receipt ? "r1." : "c1.";
  base64url_append(out, bytes);
  return out;
}

std::optional<std::string> sealer::opened(kind what, std::string_view tenant, std::string_view queue,
                                          std::string_view text) const {
  if (!text.starts_with(what == kind::of_receipt ? "r1." : "c1.") || text.size() > 600) return std::nullopt;
  auto bytes = base64url_decoded(text.substr(3));
  if (!bytes || bytes->size() <= mac_bytes) return std::nullopt;
  const std::string given = bytes->substr(bytes->size() - mac_bytes);
  bytes->resize(bytes->size() - mac_bytes);
  byte_reader from{*bytes};
  const auto number = from.varint();
  const auto* key = from.ok() && number <= UINT32_MAX ? keys_->find(static_cast<std::uint32_t>(number)) : nullptr;
  if (key == nullptr) return std::nullopt;
  const mac m = keys::sign(*key, bound(static_cast<std::uint8_t>(what), tenant, queue, *bytes));
  if (CRYPTO_memcmp(m.data(), given.data(), mac_bytes) != 0) return std::nullopt;
  return std::string{from.rest()};
}

std::string sealer::seal(const queue_ref& queue, const receipt& what) const {
  std::string payload;
  byte_writer to{payload};
  to.varint(what.claim.value);
  to.varint(what.claims);
  to.varint(what.place.value);
  return sealed(kind::of_receipt, queue.tenant, queue.queue, payload);
}

std::string sealer::seal(const queue_ref& queue, const place_cursor& what) const {
  std::string payload;
  byte_writer to{payload};
  to.u8(static_cast<std::uint8_t>((what.lifo ? cursor_lifo : 0) | (what.priority ? cursor_priority : 0)));
  to.varint(what.place.value);
  if (what.priority) to.u8(*what.priority);
  return sealed(kind::of_place, queue.tenant, queue.queue, payload);
}

std::string sealer::seal_name(std::string_view tenant, std::string_view last) const {
  return sealed(kind::of_name, tenant, {}, last);
}

std::optional<receipt> sealer::open_receipt(const queue_ref& queue, std::string_view text) const {
  const auto payload = opened(kind::of_receipt, queue.tenant, queue.queue, text);
  if (!payload) return std::nullopt;
  byte_reader from{*payload};
  receipt r;
  r.claim.value = from.varint();
  r.claims = static_cast<std::uint32_t>(from.varint());
  r.place.value = from.varint();
  return from.done() ? std::optional{r} : std::nullopt;
}

std::optional<place_cursor> sealer::open_cursor(const queue_ref& queue, std::string_view text) const {
  const auto payload = opened(kind::of_place, queue.tenant, queue.queue, text);
  if (!payload) return std::nullopt;
  byte_reader from{*payload};
  place_cursor c;
  const auto flags = from.u8();
  c.lifo = (flags & cursor_lifo) != 0;
  c.place.value = from.varint();
  if (flags & cursor_priority) c.priority = from.u8();
  return from.done() ? std::optional{c} : std::nullopt;
}

std::optional<std::string> sealer::open_name(std::string_view tenant, std::string_view text) const {
  return opened(kind::of_name, tenant, {}, text);
}

} // namespace burrow
