// Brings the page to life; it is whole without.

import * as forms from "./forms.js";
import * as live from "./live.js";
import { localize } from "./times.js";

document.documentElement.classList.add("js");
localize(document);
forms.start();
live.start();
if (document.getElementById("data")) {
  const charts = await import("./charts.js");
  charts.start();
}
