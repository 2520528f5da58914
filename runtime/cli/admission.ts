/** The admission plugins that the settings ask for. */
import { dirname, resolve } from "node:path";
import { getLogger } from "@logtape/logtape";
import { load } from "js-yaml";
import { type AdmissionSettings, admissionSettings, pluginsOn } from "../api/admission/mod.ts";
import { type Settings, SettingsError } from "./settings.ts";

export interface ChosenAdmission {
  readonly on: ReadonlySet<string>;
  readonly settings: AdmissionSettings;
}

/** Throws when a name is unknown or the file is wrong: nobody runs with other gates than those that were asked for. */
export async function chosenAdmission({ admission }: Pick<Settings, "admission">): Promise<ChosenAdmission> {
  const on = chosen(admission);
  const settings = admission.config ? await settingsIn(admission.config) : {};
  const log = getLogger(["d8s", "admission"]);
  if (on.has("AlwaysAdmit")) {
    log.warn("AlwaysAdmit is on: it admits everything that no other plugin refuses, and should not be used");
  }
  if (on.has("EventRateLimit") && !settings.eventLimits) {
    throw new SettingsError(
      "--enable-admission-plugins: EventRateLimit needs limits by --admission-control-config-file",
    );
  }
  return { on, settings };
}

function chosen(choice: Settings["admission"]): ReadonlySet<string> {
  try {
    return pluginsOn(choice);
  } catch (error) {
    throw new SettingsError(`--${(error as Error).message}`);
  }
}

/** Plugins' paths are read beside the file that names them. */
async function settingsIn(file: string): Promise<AdmissionSettings> {
  const read = async (path: string) => load(await Deno.readTextFile(resolve(dirname(file), path)));
  return await admissionSettings(await read(file), read);
}
