import { expect, test } from "vitest";
import { safePath } from "./safe-path";

test.each([
  [null, "/"],
  ["", "/"],
  ["/results?verdict=fail", "/results?verdict=fail"],
  ["/traces/abc?span=1#x", "/traces/abc?span=1#x"],
  ["//evil.example", "/"],
  ["/\\evil.example", "/"],
  ["https://evil.example/", "/"],
  ["javascript:alert(1)", "/"],
  ["/sign-in?to=/x", "/"],
])("%s leads to %s", (asked, path) => expect(safePath(asked)).toBe(path));
