// The start page.

import './frame.js';
