// Random valid groups, retries and settings of look-ups, for properties of whole configurations.
#pragma once

#include <cstdint>
#include <optional>

#include "net/address/endpoint.h"
#include "upstream/terms/settings.h"

namespace lastbyte::config {

upstream::Names any_names();
/// nullopt: none.
std::optional<upstream::Retry> any_retry();
/// The `index`th of a configuration. Its members have the transport and, at most, as many ports as `like`, a
/// listener's.
upstream::Group any_group(std::uint16_t index, const net::Endpoint& like);

}  // namespace lastbyte::config
