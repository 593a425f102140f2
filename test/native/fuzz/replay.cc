// Runs a fuzz target on files, one after another, where there is no libFuzzer: a defect ends the process.
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

int main(int count, char** arguments) {
  for (int i = 1; i < count; ++i) {
    std::ifstream file(arguments[i], std::ios::binary);
    const std::string bytes(std::istreambuf_iterator<char>(file), {});
    if (!file.good() && !file.eof()) return 2;
    // A copy of its own, so that what is read beyond its end is seen.
    const std::unique_ptr<uint8_t[]> copy(new uint8_t[bytes.size()]);
    bytes.copy(reinterpret_cast<char*>(copy.get()), bytes.size());
    std::fprintf(stderr, "%s\n", arguments[i]);
    LLVMFuzzerTestOneInput(copy.get(), bytes.size());
  }
  return 0;
}
