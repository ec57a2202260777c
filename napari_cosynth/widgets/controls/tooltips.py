"""All tooltips, by object name, and how a disabled control says why.

In one place so that they can be read in one go and keep one voice: what the
control does, then what is worth knowing. Words a pathologist uses.
"""

from __future__ import annotations

from qtpy.QtWidgets import QWidget

_PALETTE = {
    "palette": "Classes of nuclei: choose one, then click on the tile to place a nucleus of it",
    "total": "Nuclei on the tile, all classes together",
}

_PROMPT = {
    "prompt": "Tissue, stain and structure in words, such as: colon adenocarcinoma, H&E, 40x, dense lymphocytes.\n"
    "Known words are offered while you type: Tab takes the first, the arrow keys choose",
    "understood": "How the model reads the prompt: it has never met the words that are struck through",
}

_CANVAS = {
    "height": "Height of the tile in pixels, 64 to 1024 in steps of 16",
    "width": "Width of the tile in pixels, 64 to 1024 in steps of 16",
    "um_per_px": "Micrometres per pixel; tiles are made at 0.25, a 40x scan",
    "new": "Begin with an empty tile of 256 x 256 pixels",
    "clear": "Take all nuclei off the tile",
    "mirror": "Exchange left and right",
    "rotate": "Turn by a quarter, counter-clockwise",
    "jitter": "Move every nucleus a little, at random: the same tissue, another tile; locked nuclei stay",
}

_RUN = {
    "generate": "Make the tile from the nuclei and the prompt (Ctrl+Enter)",
    "cancel": "Stop; nothing is kept of the tile being made (Esc)",
    "advanced": "Settings for those who know the sampler, the model and the device",
    "progress": "How far the tiles are",
    "quality": "Draft shows in seconds where things are; fine takes twice as long as standard",
    "variants": "How many tiles to make from the same nuclei and prompt",
    "seed": "Number that decides the look: the same number with the same nuclei and prompt gives the same tile",
    "lock": "Locked: every tile is made with this seed. Unlocked: a new one is drawn after each Generate",
    "dice": "Draw another seed",
    "live": "Make a draft by itself a moment after each change, with the same seed",
    "preview": "Show the tile on the canvas while it is being made",
    "steps": "Steps of the sampler: more take longer and add little after a dozen",
    "guidance": "How strongly the prompt pulls: 1 as trained, 0 leaves it unheard",
    "layout_guidance": "How strongly the placed nuclei pull: 1 as trained, 2 keeps more of them",
    "own_value_reset": "Back to the value that belongs to the quality",
    "model": "The model that makes the tiles",
    "model_card": "Read the model's card: data, licence, what was measured, limits",
    "device": "What computes: automatic takes the fastest",
}

_GALLERY = {
    "accept": "Accept the tile of the marked card (A)",
    "reject": "Reject the tile of the marked card (R); U leaves it undecided again",
    "reuse": "Bring back the nuclei, prompt, seed and settings that the marked tile was made from (Enter, or click it)",
    "remove": "Take the marked tile out of the gallery (Del); Undo brings it back",
    "remove_rejected": "Take all rejected tiles out of the gallery; Undo brings them back together",
    "show_all": "Show tiles of every verdict",
    "show_undecided": "Show the tiles that you have not decided on",
    "show_accepted": "Show the tiles that you accepted",
    "show_rejected": "Show the tiles that you rejected",
    "show_placed": "Show tiles by how many of their points became nuclei",
}

_REPORT = {
    "class_counts": "Nuclei of each class that were asked for, and that were made",
    "amiss": "Click a line to see the place on the canvas",
}

_EXPORT = {
    "export": "Write the data set; an export that was stopped goes on where it was",
    "cancel_export": "Stop; what is written stays and is whole",
    "export_anyway": "Go on although the folder is not empty",
    "show_export_folder": "Open the folder of the data set",
    "min_placed": "Leave out tiles that show fewer of their points as nuclei",
    "leave_out_close": "Leave out tiles that are closer to an image that the model was trained on than real, unseen "
    "tissue is",
    "split": "Parts for training, validation and testing: variants of one layout stay together, also turned, mirrored "
    "or with some points moved",
    "share_train": "Per cent of the tiles to train with",
    "share_val": "Per cent of the tiles to validate with while training",
    "share_test": "Per cent of the tiles to test with; may be 0",
    "take_accepted": "Export the tiles that you accepted",
    "take_undecided": "Export the tiles that you have not decided on",
    "take_rejected": "Export the tiles that you rejected as well",
    "export_folder": "Where the data set goes: a folder that is new or empty",
    "choose_export_folder": "Look for a folder",
    "format_folder": "Images and label maps as PNG with two tables; this program trains on it",
    "format_coco": "One JSON file with run-length masks, and the images",
    "format_geojson": "Outlines as QuPath annotations: drag them onto the image in QuPath",
    "format_hovernet": "MATLAB files as HoVer-Net and CoNSeP have them",
    "format_pannuke": "Arrays as PanNuke has them, for tiles of 256 x 256 pixels",
    "format_ometiff": "Images and labels that know their micrometres per pixel",
    "format_yolo": "Images with polygons as text, for YOLO segmentation",
}

_QUEUE = {
    "queue_plan": "File of the plan (.toml): tissues, layouts, prompts. The command line runs it too",
    "choose_queue_plan": "Look for a plan, or drop one on this panel",
    "queue_folder": "Where the tiles go: a new folder, or that of the same plan, which then goes on where it was",
    "choose_queue_folder": "Look for a folder",
    "queue_most": "How many tiles of plans the gallery shows at most, up to 500. Newer ones take the place of those "
    "that you have not decided on. All of them stay in the folder",
    "queue_start": "Make the tiles in the background; those that are in the folder are not made again",
    "queue_measure": "Make one tile and say how long all of them will take",
    "queue_stop": "End after the step in hand; what is finished stays, and Start goes on later",
    "queue_failed": "Tiles that could not be made, and why; the next Start tries them again",
    "new_plan": "A plan with the classes, prompt, size and settings that you have now",
    "plan_tissue": "How nuclei lie: distances, neighbours and clusters as in this tissue",
    "plan_nuclei": "Counts: as many of each class as on the canvas, in every layout. Shares: the classes by their "
    "shares on the canvas, as many as is usual in the tissue. The canvas as it is: its nuclei where they stand",
    "plan_layouts": "How many different layouts are drawn",
    "plan_variants": "Tiles of each layout and prompt: the same nuclei, another look",
    "plan_prompts": "Each layout is made with each of these prompts, one a line",
    "save_plan": "Write the plan to a file and choose it",
}

_DOCK = {
    "project": "Begin anew; open or save everything, tiles and all, as one file; or the nuclei alone",
    "filled": "Fill the masks with the colour of their class; otherwise only their outlines are drawn",
    "use_centroids": "Place a nucleus at each label of the layer that is selected in napari's list of layers",
}

_ARRANGE = {
    "fold_canvas": "Size and scale of the tile, and changes of all nuclei at once",
    "fold_suggest": "Nuclei for the whole tile, as they stand in a tissue",
    "fold_area": "Nuclei for a part of the tile that you draw with the mouse",
    "tissue": "Tissue whose spacing and neighbourhoods new nuclei take: measured on many tiles of it",
    "nuclei_total": "Nuclei on the whole tile, locked ones among them",
    "usual": "Nuclei on a tile of this size in eight of ten places of the tissue",
    "mix": "Share of each class; the shares always sum to 100 %",
    "mix_share": "Share of this class; the others give way in proportion",
    "mix_lock": "Keep this share while others are changed",
    "tissue_mix": "Back to the number and the mix that are usual in this tissue",
    "follow_prompt": "Arrange the nuclei as the prompt says, such as: gland with dense lymphocytes. Without it they "
    "cluster as in the tissue",
    "suggest": "Place the nuclei of the whole tile anew, as they stand in the tissue; locked nuclei stay. "
    "Press again for another one",
    "suggest_seed": "Number of the next suggestion: the same number with the same choices gives the same nuclei",
    "lasso": "Draw around a place on the tile: it is filled when you let go",
    "ring": "Drag from the middle of a gland to its wall, or draw along the wall and back to the start: "
    "nuclei stand in the wall",
    "stripe": "Drag from one end of a straight band to the other: nuclei stand in the band",
    "gradient": "Drag from where nuclei are dense to where there are none: the density falls in between",
    "brush": "Paint nuclei along a line",
    "area_classes": "Which nuclei come into the area",
    "area_density": "Nuclei per square millimetre in the area",
    "area_width": "Width of ring, stripe and brush",
    "area_replace": "Take away what stands in the area first, but for locked nuclei. Otherwise nuclei are added "
    "among them",
    "resample": "Give the nuclei of the class chosen above other places; all others stay",
    "lock_selected": "Keep the selected nuclei where they are when others are placed anew; locked ones are diamonds",
    "unlock_all": "Let all nuclei be placed anew again",
}

TOOLTIPS: dict[str, str] = {
    **_PALETTE,
    **_PROMPT,
    **_CANVAS,
    **_RUN,
    **_GALLERY,
    **_REPORT,
    **_EXPORT,
    **_ARRANGE,
    **_QUEUE,
    **_DOCK,
}


def add_tooltips(root: QWidget) -> None:
    """Give a widget and all within it the tooltip of their object name, where there is one.

    What has a tooltip keeps it: it may say why a control is disabled.
    """
    for widget in (root, *root.findChildren(QWidget)):
        text = TOOLTIPS.get(widget.objectName())
        if text and not widget.toolTip():
            widget.setToolTip(text)


def enable(widget: QWidget, reason: str = "") -> None:
    """Enable a control, or disable it with the reason as its tooltip.

    Parameters
    ----------
    reason
        Why the control cannot be used now, and what to do; empty if it can.
    """
    widget.setEnabled(not reason)
    widget.setToolTip(reason or TOOLTIPS.get(widget.objectName(), ""))
    widget.setAccessibleDescription(reason)
