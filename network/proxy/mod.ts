export * from "./service_proxy.ts";
