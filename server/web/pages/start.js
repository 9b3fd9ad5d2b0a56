// The start page.

import './page.js';
