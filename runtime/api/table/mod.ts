/** What `kubectl get` prints: columns, cells and the Table that carries them. */
export { cellsOf, columnsOf, rowConditionsOf } from "./printers.ts";
export { tableColumns, tableOf, type TableOptions } from "./table.ts";
export { humanDuration } from "./human_duration.ts";
