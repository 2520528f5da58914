/**
 * `/logs/PATH`: the files below the node's `/var/log`, and its folders as pages of links. No symlink is followed: who may write
 * a log could else have any file of the node read.
 *
 * Source: Kubernetes docs, "Kubelet Configuration", `enableSystemLogHandler`.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type Held, holdEntryIn, holdFolder, holdFolderIn } from "../volumes/inside_folder.ts";
import { RequestError } from "./request_error.ts";

interface Exchange {
  readonly url: URL;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

const prefix = "/logs/";

export async function systemLogs(folder: string, { url: { pathname }, request, response }: Exchange): Promise<void> {
  if (request.method !== "GET") throw new RequestError(405, "405: Method Not Allowed");
  const names = pathname.slice(prefix.length).split("/").map(decodeURIComponent);
  const wantsFolder = names.at(-1) === "";
  const parts = wantsFolder ? names.slice(0, -1) : names;
  if (parts.some((name) => ["", ".", ".."].includes(name) || /[/\0]/.test(name))) throw notFound();
  await using root = await holdFolder(folder);
  await walk(root, parts, async (found) => {
    const { isDirectory, isFile, size } = await Deno.stat(found.path);
    if (isDirectory && !wantsFolder) return redirect(response, `${pathname}/`);
    if (isDirectory) return await listFolder(found, response);
    if (!isFile || wantsFolder) throw notFound();
    await sendFile(found, size, response);
  });
}

function notFound(): RequestError {
  return new RequestError(404, "404 page not found");
}

async function walk(folder: Held, [name, ...rest]: readonly string[], use: (found: Held) => Promise<void>) {
  if (name === undefined) return await use(folder);
  const hold = rest.length === 0 ? holdEntryIn : holdFolderIn;
  await using below = await hold(folder, name).catch(() => {
    throw notFound();
  });
  await walk(below, rest, use);
}

function redirect(response: ServerResponse, location: string): void {
  response.writeHead(301, { location });
  response.end();
}

async function listFolder({ path }: Held, response: ServerResponse): Promise<void> {
  const entries = await Array.fromAsync(Deno.readDir(path));
  const names = entries.map(({ name, isDirectory }) => name + (isDirectory ? "/" : "")).sort();
  const links = names.map((name) => `<a href="${encodeURIComponent(name).replace(/%2F$/, "/")}">${escape(name)}</a>\n`);
  response.writeHead(200, { "content-type": "text/html; charset=utf-8" });
  response.end(`<!doctype html>\n<pre>\n${links.join("")}</pre>\n`);
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&#34;");
}

/** As long as it is now: a log that is written meanwhile would never end. */
async function sendFile({ path }: Held, size: number, response: ServerResponse): Promise<void> {
  const file = await Deno.open(path);
  response.writeHead(200, { "content-type": "text/plain; charset=utf-8", "content-length": size });
  await pipeline(Readable.from(upTo(file.readable, size)), response);
}

async function* upTo(chunks: AsyncIterable<Uint8Array>, size: number): AsyncIterable<Uint8Array> {
  let left = size;
  for await (const chunk of chunks) {
    yield chunk.subarray(0, left);
    left -= Math.min(left, chunk.length);
    if (left === 0) return;
  }
}
