/** A worker that floods: told where and as whom, it lists from 500 connections at once until it is ended. */
/// <reference lib="deno.worker" />
import { Connection, type Endpoint } from "./connection.ts";

export interface Flood {
  readonly endpoint: Endpoint;
  readonly path: string;
  readonly headers: string;
  readonly connections: number;
}

/** Says "flooding" when every connection is open. */
async function flood({ endpoint, path, headers, connections }: Flood): Promise<void> {
  const opened = [];
  for (let i = 0; i < connections; i++) opened.push(await Connection.open(endpoint));
  self.postMessage("flooding");
  await Promise.all(opened.map(async (connection) => {
    while (true) await connection.request("GET", path, { headers });
  }));
}

self.onmessage = ({ data }: MessageEvent<Flood>) => void flood(data);
