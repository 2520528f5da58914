import { housekeepingStories } from "./housekeeping_stories.ts";
import { survives } from "./lives.ts";
import { nodeStories } from "./node_stories.ts";
import { serviceStories } from "./service_stories.ts";
import { workloadStories } from "./workload_stories.ts";

for (const story of [...workloadStories, ...serviceStories, ...nodeStories, ...housekeepingStories]) {
  Deno.test(`killed at each of its writes, late or forgetful, the end is the same: ${story.title}`, () =>
    survives(story));
}
