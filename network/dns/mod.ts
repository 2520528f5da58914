export * from "./cluster_dns.ts";
