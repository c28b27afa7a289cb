"""Fails when two builds of OpenCV share one `cv2` folder: uninstalling or upgrading either breaks the other."""

import sys
from importlib.metadata import packages_distributions

builds = sorted(set(packages_distributions().get("cv2", [])))
if builds != ["opencv-python-headless"]:
    sys.exit(
        f"setup: cv2 must come from opencv-python-headless alone, here it is from {', '.join(builds) or 'nothing'}"
    )
