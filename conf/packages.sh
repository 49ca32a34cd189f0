# Which Debian 12 packages Patchyard needs, and how to get the missing ones.  Sourced by
# conf/quickstart and tests/run; the lists live here and nowhere else.

packages_to_build="build-essential cmake ninja-build pkg-config libuv1-dev libssl-dev
libxml2-dev libsqlite3-dev node-llhttp libjansson-dev libcurl4-openssl-dev libinih-dev
uthash-dev tzdata"

packages_to_test="libcmocka-dev clang-format clang-tidy curl jq openssl cpio swupdate
sqlite3 gsoap libgsoap-dev zlib1g-dev python3-zeep python3-requests"

packages_to_bench="$packages_to_build curl jq openssl nginx-light wrk python3"

# packages_need NAME...: install those that are missing, as root or through sudo.
packages_need() {
	local missing=() name
	for name in "$@"; do
		case $(dpkg-query -W -f='${Status}' "$name" 2>/dev/null) in
		"install ok installed") ;;
		*) missing+=("$name") ;;
		esac
	done
	[ ${#missing[@]} -gt 0 ] || return 0

	local sudo=()
	if [ "$(id -u)" -ne 0 ]; then
		command -v sudo >/dev/null || {
			echo "These packages are missing and neither root nor sudo is at hand:" \
				"${missing[*]}" >&2
			return 1
		}
		sudo=(sudo)
	fi
	echo "Installing ${missing[*]}"
	"${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq
	"${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
		--no-install-recommends "${missing[@]}" >/dev/null
}
