/** What is wrong with the options of a log: kube-apiserver 1.36.3's own answers, recorded. */
import assert from "node:assert/strict";
import { kubeletLogQuery } from "../../runtime/api/streams/pod_log_options.ts";

const invalid = (list: string) => `PodLogOptions "web" is invalid: ${list}`;

const refused: Readonly<Record<string, string>> = {
  "tailLines=-1": invalid("tailLines: Invalid value: -1: must be greater than or equal to 0"),
  "limitBytes=0": invalid("limitBytes: Invalid value: 0: must be greater than 0"),
  "sinceSeconds=-5": invalid("sinceSeconds: Invalid value: -5: must be greater than 0"),
  "tailLines=-1&limitBytes=0": invalid(
    "[tailLines: Invalid value: -1: must be greater than or equal to 0, " +
      "limitBytes: Invalid value: 0: must be greater than 0]",
  ),
  "sinceSeconds=1&sinceTime=2020-01-01T00:00:00Z": invalid(
    "[]: Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified",
  ),
  "stream=Stdout&tailLines=1": invalid("stream: Forbidden: may not be specified"),
  "stream=All": invalid("stream: Forbidden: may not be specified"),
  "tailLines=x": 'strconv.ParseInt: parsing "x": invalid syntax',
  "sinceTime=nonsense": 'parsing time "nonsense" as "2006-01-02T15:04:05Z07:00": cannot parse "nonsense" as "2006"',
};

Deno.test("options of a log that make no sense are refused in upstream's words, and what is left is what the kubelet reads", () => {
  for (const [query, message] of Object.entries(refused)) {
    assert.throws(() => kubeletLogQuery("web", new URLSearchParams(query)), { message }, query);
  }
  const asked = (query: string) => kubeletLogQuery("web", new URLSearchParams(query)).toString();
  assert.equal(asked("container=main&follow=maybe&previous=0&timestamps=&pretty=true"), "follow=true&timestamps=true");
  assert.equal(asked("tailLines=0&sinceTime="), "tailLines=0");
});
